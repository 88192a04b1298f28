/** One room as the page knows it, and what each event makes of it. */
import {
  addOpeningLines, addSuggestion, withoutOpeningLines, type Chips,
} from "../prompts/chips";
import type { Acks } from "../protocol/events";
import type { Match } from "../session/api";
import type { Down, ErrorBody, Member, Message } from "../session/wire";
import { newerGame, type Game } from "./game";
import { merge, stored, update, type Timeline } from "./timeline";
import { advance, type Cursors } from "./ticks";
import { hear, type TypingUntil } from "./typing";

/** Where in the room an error belongs. */
export type Place = "join" | "history" | "help" | "game" | "edit";

export interface Room {
  matchId: string;
  members: readonly Member[];
  lastSeq: number;
  readSeq: number;
  unread: number;
  lastMessage: Message | null;
  timeline: Timeline;
  /** Whether the newest messages were fetched since the page began. */
  joined: boolean;
  loading: boolean;
  olderMore: boolean;
  cursors: Cursors;
  typing: TypingUntil;
  chips: Chips;
  /** A suggestion was asked for and none has come yet. */
  thinking: boolean;
  game: Game | null;
  faults: Readonly<Partial<Record<Place, ErrorBody>>>;
  messageFaults: Readonly<Record<string, ErrorBody>>;
}

export function emptyRoom(matchId: string): Room {
  return {
    matchId,
    members: [],
    lastSeq: 0,
    readSeq: 0,
    unread: 0,
    lastMessage: null,
    timeline: [],
    joined: false,
    loading: false,
    olderMore: false,
    cursors: {},
    typing: {},
    chips: [],
    thinking: false,
    game: null,
    faults: {},
    messageFaults: {},
  };
}

/** A member, with how far they have received and read where the server tells. */
type MemberWithCursor = Member & { deliveredSeq?: number; readSeq?: number };

function withMembers(room: Room, members: readonly MemberWithCursor[]): Room {
  const cursors = members.reduce<Cursors>(
    (all, { userId, deliveredSeq = 0, readSeq = 0 }) =>
      deliveredSeq > 0 || readSeq > 0 ? advance(all, userId, { deliveredSeq, readSeq }) : all,
    room.cursors,
  );
  return { ...room, members, cursors };
}

/** The newest of what the list said and what is loaded. */
function latest(a: Message | null, b: Message | null): Message | null {
  if (a === null || b === null) return a ?? b;
  if (a.seq === b.seq) return b.version >= a.version ? b : a;
  return a.seq > b.seq ? a : b;
}

export function withMatch(room: Room, match: Match): Room {
  const next = withMembers(room, match.members);
  return {
    ...next,
    lastSeq: Math.max(room.lastSeq, match.lastSeq),
    readSeq: Math.max(room.readSeq, match.readSeq),
    unread: room.readSeq > match.readSeq ? room.unread : match.unread,
    lastMessage: latest(room.lastMessage, match.lastMessage ?? null),
    chips: match.lastSeq === 0 ? addOpeningLines(room.chips, match.openingLines ?? []) : room.chips,
  };
}

export function withNewMatch(room: Room, event: Down<"match_created">): Room {
  const people = event.peer ? [event.peer] : (event.members ?? []);
  const known = new Set(room.members.map((member) => member.userId));
  const fresh = people
    .filter((peer) => !known.has(peer.userId))
    .map((peer) => ({ userId: peer.userId, name: peer.name, online: true }));
  const chips = room.lastSeq === 0 ? addOpeningLines(room.chips, event.openingLines) : room.chips;
  return { ...room, members: [...room.members, ...fresh], chips };
}

export function withJoin(room: Room, ack: Acks["join_chat"]): Room {
  const timeline = merge(room.timeline, ack.messages);
  const { join: _, ...faults } = room.faults;
  return {
    ...withMembers(room, ack.members),
    timeline,
    joined: true,
    lastSeq: Math.max(room.lastSeq, ack.lastSeq),
    // The server's word, so that a cursor that never reached it is told again.
    readSeq: ack.readSeq,
    // The first message of a room has seq 1, so there is something older below any other first one.
    olderMore: room.timeline.length > 0 ? room.olderMore : (timeline[0]?.seq ?? 1) > 1,
    lastMessage: latest(room.lastMessage, timeline.at(-1) ?? null),
    faults,
  };
}

export function withHistory(room: Room, messages: readonly Message[], olderMore?: boolean): Room {
  const { history: _, ...faults } = room.faults;
  const timeline = merge(room.timeline, messages);
  return {
    ...room,
    timeline,
    loading: false,
    olderMore: olderMore ?? room.olderMore,
    lastMessage: latest(room.lastMessage, timeline.at(-1) ?? null),
    faults,
  };
}

/** A message arrived, from whomever. In a room never opened only the list needs to know. */
export function withMessage(room: Room, event: Down<"new_message">, me: string): Room {
  const message = stored(event);
  const own = message.from === me;
  const known = message.seq <= room.lastSeq;
  const next: Room = {
    ...room,
    timeline: room.joined ? merge(room.timeline, [message]) : room.timeline,
    lastSeq: Math.max(room.lastSeq, message.seq),
    lastMessage: latest(room.lastMessage, message),
    unread: own || known ? room.unread : room.unread + 1,
    typing: hear(room.typing, message.from, false, 0),
  };
  return own ? { ...next, chips: withoutOpeningLines(room.chips) } : next;
}

export function withUpdate(room: Room, event: Down<"message_updated">): Room {
  const timeline = update(room.timeline, event);
  const last = room.lastMessage === null ? null : (update([room.lastMessage], event)[0] ?? null);
  return { ...room, timeline, lastMessage: last };
}

export function withStatus(room: Room, event: Down<"message_status">, me: string): Room {
  if (event.userId !== me) return { ...room, cursors: advance(room.cursors, event.userId, event) };
  return withRead(room, event.readSeq);
}

/** One's own reading, here or on another device. */
export function withRead(room: Room, seq: number): Room {
  if (seq <= room.readSeq) return room;
  return { ...room, readSeq: seq, unread: seq >= room.lastSeq ? 0 : room.unread };
}

export function withPresence(room: Room, event: Down<"presence">): Room {
  if (!room.members.some((member) => member.userId === event.userId)) return room;
  const members = room.members.map((member) => {
    if (member.userId !== event.userId) return member;
    const lastSeen = event.lastSeen ?? member.lastSeen;
    return { ...member, online: event.online, ...(lastSeen ? { lastSeen } : {}) };
  });
  return { ...room, members };
}

export function withTyping(room: Room, event: Down<"typing">, me: string, now: number): Room {
  if (event.userId === me) return room;
  return { ...room, typing: hear(room.typing, event.userId, event.typing, now) };
}

export function withSuggestion(room: Room, event: Down<"ai_suggestion">): Room {
  const { help: _, ...faults } = room.faults;
  return { ...room, chips: addSuggestion(room.chips, event), thinking: false, faults };
}

export function withGame(room: Room, event: Game): Room {
  const { game: _, ...faults } = room.faults;
  return { ...room, game: newerGame(room.game, event), faults };
}

export function withFault(room: Room, place: Place, error: ErrorBody | null): Room {
  const { [place]: _, ...faults } = room.faults;
  const thinking = place === "help" ? false : room.thinking;
  const loading = place === "history" || place === "join" ? false : room.loading;
  return { ...room, thinking, loading, faults: error === null ? faults : { ...faults, [place]: error } };
}

export function withMessageFault(room: Room, messageId: string, error: ErrorBody | null): Room {
  const { [messageId]: _, ...rest } = room.messageFaults;
  return { ...room, messageFaults: error === null ? rest : { ...rest, [messageId]: error } };
}

/** The members but oneself. */
export function othersOf(room: Room, me: string): Member[] {
  return room.members.filter((member) => member.userId !== me);
}

/** The name of the other person, or the names of a group. */
export function titleOf(room: Room, me: string): string {
  const names = othersOf(room, me).map((member) => member.name || member.userId);
  return names.join(", ") || room.matchId;
}
