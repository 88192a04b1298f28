"""Icebreaker: five questions that both answer; nobody sees the other's answer before giving one.

State: `{players: [userId], order: [question index], round, answers: {userId: text}, history}`.
A move is `{"answer": text}`. The opener alternates from round to round. The second player
takes the empty seat with the first answer.
"""

import hashlib
from typing import Any

from protocol.errors import Conflict, Forbidden, InvalidPayload, TooLarge
from rooms.games.base import GameRules, State, register

ROUNDS = 5
PLAYERS = 2
MAX_ANSWER = 300

QUESTIONS: tuple[dict[str, str], ...] = (
    {"en": "What small thing made you smile this week?", "zh": "这周有什么小事让你会心一笑？"},
    {"en": "Sweet or savoury for breakfast, and what exactly?", "zh": "早餐爱吃甜的还是咸的？最想吃哪一样？"},
    {"en": "Which song do you never skip?", "zh": "哪首歌你从来舍不得切掉？"},
    {"en": "Where would you go for just one free day?", "zh": "突然多出一天假，你会去哪儿？"},
    {"en": "What can you talk about for half an hour?", "zh": "什么话题你能一口气聊半小时？"},
    {"en": "Which smell takes you back to childhood?", "zh": "什么味道一下子把你带回小时候？"},
    {"en": "What did you think was hard until you tried it?", "zh": "有什么事看着难，一试才发现没那么难？"},
    {"en": "Which dish would you cook to impress a guest?", "zh": "家里来客人，你的拿手菜是哪一道？"},
    {"en": "Early morning or late night: when are you most yourself?", "zh": "清晨和深夜，哪个时候的你最像自己？"},
    {"en": "Which film could you watch a third time?", "zh": "哪部电影你愿意看第三遍？"},
    {"en": "What is the best thing within ten minutes of your home?", "zh": "你家附近走路十分钟，最棒的地方是哪儿？"},
    {"en": "Which skill would you like to wake up with tomorrow?", "zh": "要是明早醒来就会一样本领，你选什么？"},
    {"en": "What do you always pack too much of?", "zh": "出门旅行，你总是多带什么？"},
    {"en": "Which animal would be a good colleague?", "zh": "要是和一种动物做同事，你选哪一种？"},
    {"en": "What was your favourite game as a child?", "zh": "小时候最爱玩的游戏是什么？"},
    {"en": "Which season suits your character?", "zh": "哪个季节最像你的性格？"},
    {"en": "What did you buy cheaply and love ever since?", "zh": "花小钱买到、一直喜欢到现在的东西是什么？"},
    {"en": "Who taught you something you still use every day?", "zh": "谁教给你的本事，你现在天天都在用？"},
    {"en": "What would you put on the last page of a travel diary?", "zh": "旅行日记的最后一页，你会写上什么？"},
    {"en": "Which rule of yours do you break most often?", "zh": "你给自己定的规矩里，最常破的是哪一条？"},
)


def start(player: str, seed: int) -> State:
    """A new game opened by `player`; the questions follow from `seed`."""
    order = sorted(range(len(QUESTIONS)), key=lambda index: _rank(seed, index))[:ROUNDS]
    return {"players": [player], "order": order, "round": 0, "answers": {}, "history": []}


def _rank(seed: int, index: int) -> bytes:
    """Where a question stands in the shuffle that belongs to `seed`."""
    return hashlib.sha256(f"{seed}:{index}".encode()).digest()


def finished(state: State) -> bool:
    """All rounds are played."""
    return bool(state["round"] >= ROUNDS)


def turn(state: State) -> str | None:
    """Whoever has not answered, beginning with the opener of the round; None when finished or alone."""
    players: list[str] = state["players"]
    if finished(state):
        return None
    first = state["round"] % 2
    for player in players[first:] + players[:first]:
        if player not in state["answers"]:
            return player
    return None


def step(state: State, player: str, move: dict[str, Any]) -> State:
    """The state after an answer. Raises `Conflict` (not this player's turn, finished), `InvalidPayload`, `TooLarge`."""
    if finished(state):
        raise Conflict("the game is over", field="move")
    players = _seated(state["players"], player)
    expected = turn({**state, "players": players})
    if expected != player:
        raise Conflict("it is the other's turn", field="move")
    answers = {**state["answers"], player: _answer(move)}
    after = {**state, "players": players, "answers": answers}
    if len(answers) < PLAYERS:
        return after
    question = QUESTIONS[state["order"][state["round"]]]
    entry = {"question": question, "answers": _listed(players, answers)}
    return {**after, "round": state["round"] + 1, "answers": {}, "history": [*state["history"], entry]}


def view(state: State, player: str) -> State:
    """What `player` may see: the other's answer of this round only as given or not."""
    shown = {user: text if user == player else None for user, text in state["answers"].items()}
    done = finished(state)
    return {
        "round": min(state["round"] + 1, ROUNDS),
        "rounds": ROUNDS,
        "question": None if done else QUESTIONS[state["order"][state["round"]]],
        "answers": [{"userId": user, "text": text} for user, text in shown.items()],
        "history": state["history"],
        "finished": done,
    }


def _seated(players: list[str], player: str) -> list[str]:
    if player in players:
        return players
    if len(players) >= PLAYERS:
        raise Forbidden("two others are playing", field="gameId")
    return [*players, player]


def _answer(move: dict[str, Any]) -> str:
    answer = move.get("answer")
    if not isinstance(answer, str) or not answer.strip() or "\x00" in answer:
        raise InvalidPayload("a move needs an answer", field="move.answer")
    if len(answer) > MAX_ANSWER:
        raise TooLarge(f"at most {MAX_ANSWER} characters", field="move.answer")
    return answer


def _listed(players: list[str], answers: dict[str, str]) -> list[dict[str, str]]:
    return [{"userId": player, "text": answers[player]} for player in players]


ICEBREAKER = register(GameRules(name="icebreaker", start=start, step=step, view=view, turn=turn, finished=finished))
