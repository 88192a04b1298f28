"""One full payload of every event as it travels, so that nothing is declared without being seen once."""

from typing import Any

from protocol.base import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Direction

MESSAGE: dict[str, Any] = {
    "messageId": "01M",
    "matchId": "m1",
    "seq": 3,
    "from": "ann",
    "type": "text",
    "content": "你好 🙂",
    "timestamp": "2026-01-31T12:00:00.000Z",
    "clientId": "c1",
    "replyTo": "01L",
    "version": 2,
    "editedAt": "2026-01-31T12:00:01.000Z",
    "deleted": True,
    "reactions": {"👍": ["bob"]},
}
NEW_MESSAGE = {key: MESSAGE[key] for key in MESSAGE if key not in ("version", "editedAt", "deleted", "reactions")}
SEND = {
    "matchId": "m1",
    "to": "bob",
    "content": {"any": ["thing", None]},
    "type": "location",
    "clientId": "c1",
    "replyTo": "01L",
    "destructAfter": 60,
    "destructFrom": "read",
}
PEER = {"userId": "bob", "name": "Bob", "interests": ["tea"]}
GAME = {
    "gameId": "01G",
    "matchId": "m1",
    "game": "icebreaker",
    "state": {"round": 1, "question": None},
    "turn": "ann",
    "version": 1,
}

EVENTS: dict[tuple[Direction, str], dict[str, Any]] = {
    (CLIENT_TO_SERVER, "authenticate"): {"userId": "ann", "token": "a.b.c"},
    (CLIENT_TO_SERVER, "refresh_token"): {"token": "a.b.c"},
    (CLIENT_TO_SERVER, "join_chat"): {"matchId": "m1", "since": 0, "userId": "ann"},
    (CLIENT_TO_SERVER, "leave_chat"): {"matchId": "m1"},
    (CLIENT_TO_SERVER, "send_message"): SEND,
    (CLIENT_TO_SERVER, "private_message"): SEND,
    (CLIENT_TO_SERVER, "share_location"): {
        "matchId": "m1",
        "to": "bob",
        "lat": 31.2304,
        "lon": 121.4737,
        "accuracy": 12.5,
        "liveFor": 600,
    },
    (CLIENT_TO_SERVER, "edit_message"): {"messageId": "01M", "content": "better"},
    (CLIENT_TO_SERVER, "delete_message"): {"messageId": "01M"},
    (CLIENT_TO_SERVER, "react"): {"messageId": "01M", "emoji": "👍", "on": False},
    (CLIENT_TO_SERVER, "mark_read"): {"matchId": "m1", "seq": 9},
    (CLIENT_TO_SERVER, "fetch_history"): {"matchId": "m1", "before": 9, "after": 2, "limit": 200},
    (CLIENT_TO_SERVER, "typing"): {"matchId": "m1", "typing": False},
    (CLIENT_TO_SERVER, "play_game"): {
        "game": "icebreaker",
        "matchId": "m1",
        "gameId": "01G",
        "move": {"answer": "tea"},
    },
    (CLIENT_TO_SERVER, "request_ai_help"): {"matchId": "m1", "draft": "hi", "question": "what now?", "thread": "t1"},
    (CLIENT_TO_SERVER, "rate_suggestion"): {"suggestionId": "01S", "used": True, "rating": 5},
    (SERVER_TO_CLIENT, "connected"): {
        "serverTime": "2026-01-31T12:00:00.000Z",
        "sessionId": "01C",
        "resumed": False,
        "userId": "ann",
    },
    (SERVER_TO_CLIENT, "connection_closing"): {"reason": "slow_consumer", "reconnect": "now"},
    (SERVER_TO_CLIENT, "new_message"): NEW_MESSAGE,
    (SERVER_TO_CLIENT, "message_updated"): {
        "messageId": "01M",
        "matchId": "m1",
        "version": 2,
        "content": "better",
        "editedAt": "2026-01-31T12:00:01.000Z",
        "deleted": True,
        "reactions": {},
    },
    (SERVER_TO_CLIENT, "message_status"): {"matchId": "m1", "userId": "bob", "deliveredSeq": 3, "readSeq": 2},
    (SERVER_TO_CLIENT, "typing"): {"matchId": "m1", "userId": "bob", "typing": True},
    (SERVER_TO_CLIENT, "presence"): {"userId": "bob", "online": False, "lastSeen": "2026-01-31T12:00:00.000Z"},
    (SERVER_TO_CLIENT, "match_created"): {
        "matchId": "m1",
        "peer": PEER,
        "members": [PEER],
        "score": 0.87,
        "openingLines": ["Hi!"],
    },
    (SERVER_TO_CLIENT, "game_state"): GAME,
    (SERVER_TO_CLIENT, "ai_suggestion"): {
        "suggestionId": "01S",
        "matchId": "m1",
        "kind": "topic",
        "text": "Which tea?",
        "topic": "tea",
        "thread": "t1",
        "provider": "builtin",
        "requestId": "01R",
        "lang": "en",
    },
}

ANSWERS: dict[str, dict[str, Any]] = {
    "authenticate": {"userId": "ann"},
    "refresh_token": {"userId": "ann", "expiresAt": "2026-01-31T13:00:00.000Z"},
    "join_chat": {
        "matchId": "m1",
        "members": [{"userId": "bob", "name": "Bob", "online": False, "lastSeen": "2026-01-31T12:00:00.000Z"}],
        "messages": [MESSAGE],
        "lastSeq": 9,
        "readSeq": 2,
        "sealed": False,
        "gap": True,
    },
    "leave_chat": {},
    "send_message": {
        "messageId": "01M", "seq": 3, "timestamp": "2026-01-31T12:00:00.000Z", "status": "delivered",
    },
    "private_message": {
        "messageId": "01M", "seq": 3, "timestamp": "2026-01-31T12:00:00.000Z", "status": "stored",
    },
    "share_location": {"messageId": "01M", "seq": 3, "timestamp": "2026-01-31T12:00:00.000Z"},
    "edit_message": {"version": 2},
    "delete_message": {"version": 2},
    "react": {"version": 2},
    "mark_read": {"readSeq": 9},
    "fetch_history": {"messages": [MESSAGE], "more": True},
    "typing": {},
    "play_game": GAME,
    "request_ai_help": {"requestId": "01R"},
    "rate_suggestion": {},
}  # fmt: skip
