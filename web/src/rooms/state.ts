/** Everything the page shows after log-in, and the one place where it changes. */
import type { Match, Person } from "../session/api";
import type { Status } from "../session/status";
import type { Acks } from "../protocol/events";
import type { Down, ErrorBody, Message } from "../session/wire";
import { settle, type Outbox, type Pending } from "./outbox";
import * as rooms from "./room";
import { emptyRoom, type Place, type Room } from "./room";
import { advance } from "./ticks";
import { lapse } from "./typing";

export interface State {
  me: string;
  status: Status;
  closeReason: string | null;
  /** Null until the server answered; stays null where there is no list of people. */
  people: readonly Person[] | null;
  rooms: Readonly<Record<string, Room>>;
  openId: string | null;
  outbox: Outbox;
  /** By user id: a match is being asked for. */
  matching: Readonly<Record<string, true>>;
  matchFaults: Readonly<Record<string, ErrorBody>>;
  /** The room of the newest match that was made by somebody else. */
  matchedId: string | null;
}

export function initialState(me: string, outbox: Outbox): State {
  return {
    me,
    status: "idle",
    closeReason: null,
    people: null,
    rooms: {},
    openId: null,
    outbox,
    matching: {},
    matchFaults: {},
    matchedId: null,
  };
}

export type Action =
  | { type: "status"; status: Status; reason?: string }
  | { type: "people"; people: readonly Person[] }
  | { type: "matches"; matches: readonly Match[] }
  | { type: "matched"; event: Down<"match_created"> }
  | { type: "matchedSeen" }
  | { type: "matching"; userId: string; error?: ErrorBody | null }
  | { type: "open"; matchId: string | null }
  | { type: "joined"; ack: Acks["join_chat"] }
  | { type: "loading"; matchId: string }
  | { type: "history"; matchId: string; messages: readonly Message[]; olderMore?: boolean }
  | { type: "message"; event: Down<"new_message"> }
  | { type: "updated"; event: Down<"message_updated"> }
  | { type: "cursor"; event: Down<"message_status"> }
  | { type: "read"; matchId: string; seq: number }
  | { type: "typing"; event: Down<"typing">; now: number }
  | { type: "lapse"; now: number }
  | { type: "presence"; event: Down<"presence"> }
  | { type: "suggestion"; event: Down<"ai_suggestion"> }
  | { type: "thinking"; matchId: string }
  | { type: "chips"; matchId: string; keep: (chip: Room["chips"][number]) => boolean }
  | { type: "game"; event: Down<"game_state"> }
  | { type: "outbox"; outbox: Outbox }
  | { type: "stored"; pending: Pending; ack: Acks["send_message"] }
  | { type: "fault"; matchId: string; place: Place; error: ErrorBody | null }
  | { type: "messageFault"; matchId: string; messageId: string; error: ErrorBody | null };

function inRoom(state: State, matchId: string, edit: (room: Room) => Room): State {
  const room = state.rooms[matchId] ?? emptyRoom(matchId);
  const next = edit(room);
  return next === state.rooms[matchId] ? state : { ...state, rooms: { ...state.rooms, [matchId]: next } };
}

function inEvery(state: State, edit: (room: Room) => Room): State {
  const entries = Object.entries(state.rooms);
  const next = entries.map(([matchId, room]) => [matchId, edit(room)] as const);
  const same = next.every(([, room], index) => room === entries[index]?.[1]);
  return same ? state : { ...state, rooms: Object.fromEntries(next) };
}

function matching(state: State, userId: string, error: ErrorBody | null | undefined): State {
  const { [userId]: _, ...busy } = state.matching;
  const { [userId]: __, ...faults } = state.matchFaults;
  if (error === undefined) return { ...state, matching: { ...busy, [userId]: true }, matchFaults: faults };
  return { ...state, matching: busy, matchFaults: error === null ? faults : { ...faults, [userId]: error } };
}

function presence(state: State, event: Down<"presence">): State {
  const next = inEvery(state, (room) => rooms.withPresence(room, event));
  const people = next.people?.map((person) =>
    person.userId === event.userId ? { ...person, online: event.online } : person,
  );
  return { ...next, people: people ?? null };
}

/** The ack of one's own message: it is in the room now, whether or not `new_message` came first. */
function storedMessage(state: State, pending: Pending, ack: Acks["send_message"]): State {
  const message: Message = {
    messageId: ack.messageId,
    matchId: pending.matchId,
    from: state.me,
    type: "text",
    content: pending.content,
    timestamp: ack.timestamp,
    seq: ack.seq,
    clientId: pending.clientId,
    version: 1,
  };
  const next = inRoom(state, pending.matchId, (room) => {
    const others = rooms.othersOf(room, state.me);
    const [only] = others;
    const reached = ack.status === "delivered" && only !== undefined && others.length === 1;
    const cursor = { deliveredSeq: ack.seq, readSeq: 0 };
    return {
      ...rooms.withMessage(room, message, state.me),
      cursors: reached ? advance(room.cursors, only.userId, cursor) : room.cursors,
    };
  });
  return { ...next, outbox: settle(next.outbox, pending.clientId) };
}

function message(state: State, event: Down<"new_message">): State {
  const next = inRoom(state, event.matchId, (room) => rooms.withMessage(room, event, state.me));
  // Another device of the same person never shares a clientId with this one: they are random.
  const mine = event.from === state.me && typeof event.clientId === "string";
  return mine ? { ...next, outbox: settle(next.outbox, event.clientId ?? "") } : next;
}

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "status":
      return { ...state, status: action.status, closeReason: action.reason ?? null };
    case "people":
      return { ...state, people: action.people };
    case "matches":
      return action.matches.reduce(
        (next, match) => inRoom(next, match.matchId, (room) => rooms.withMatch(room, match)),
        state,
      );
    case "matched": {
      const next = inRoom(state, action.event.matchId, (room) => rooms.withNewMatch(room, action.event));
      const fresh = state.rooms[action.event.matchId] === undefined && state.openId !== action.event.matchId;
      return fresh ? { ...next, matchedId: action.event.matchId } : next;
    }
    case "matchedSeen":
      return { ...state, matchedId: null };
    case "matching":
      return matching(state, action.userId, action.error);
    case "open": {
      const next = action.matchId === null ? state : inRoom(state, action.matchId, (room) => room);
      return { ...next, openId: action.matchId, matchedId: state.matchedId === action.matchId ? null : state.matchedId };
    }
    case "joined":
      return inRoom(state, action.ack.matchId, (room) => rooms.withJoin(room, action.ack));
    case "loading":
      return inRoom(state, action.matchId, (room) => ({ ...room, loading: true }));
    case "history":
      return inRoom(state, action.matchId, (room) =>
        rooms.withHistory(room, action.messages, action.olderMore),
      );
    case "message":
      return message(state, action.event);
    case "updated":
      return inRoom(state, action.event.matchId, (room) => rooms.withUpdate(room, action.event));
    case "cursor":
      return inRoom(state, action.event.matchId, (room) => rooms.withStatus(room, action.event, state.me));
    case "read":
      return inRoom(state, action.matchId, (room) => rooms.withRead(room, action.seq));
    case "typing":
      return inRoom(state, action.event.matchId, (room) =>
        rooms.withTyping(room, action.event, state.me, action.now),
      );
    case "lapse":
      return inEvery(state, (room) => {
        const typing = lapse(room.typing, action.now);
        return typing === room.typing ? room : { ...room, typing };
      });
    case "presence":
      return presence(state, action.event);
    case "suggestion":
      return inRoom(state, action.event.matchId, (room) => rooms.withSuggestion(room, action.event));
    case "thinking":
      return inRoom(state, action.matchId, (room) => ({
        ...rooms.withFault(room, "help", null),
        thinking: true,
      }));
    case "chips":
      return inRoom(state, action.matchId, (room) => ({ ...room, chips: room.chips.filter(action.keep) }));
    case "game":
      return inRoom(state, action.event.matchId, (room) => rooms.withGame(room, action.event));
    case "outbox":
      return { ...state, outbox: action.outbox };
    case "stored":
      return storedMessage(state, action.pending, action.ack);
    case "fault":
      return inRoom(state, action.matchId, (room) => rooms.withFault(room, action.place, action.error));
    case "messageFault":
      return inRoom(state, action.matchId, (room) =>
        rooms.withMessageFault(room, action.messageId, action.error),
      );
  }
}

/** Rooms as the list shows them: the latest talk first, new matches before old silence. */
export function roomOrder(state: State): Room[] {
  const when = (room: Room): number =>
    room.lastMessage === null ? Number.MAX_SAFE_INTEGER : Date.parse(room.lastMessage.timestamp);
  return Object.values(state.rooms).sort((a, b) => when(b) - when(a));
}

/** The room with one other person, if there is one. */
export function roomWith(state: State, userId: string): Room | null {
  const found = Object.values(state.rooms).find((room) => {
    const others = rooms.othersOf(room, state.me);
    return others.length === 1 && others[0]?.userId === userId;
  });
  return found ?? null;
}
