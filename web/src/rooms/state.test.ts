import { describe, expect, it } from "vitest";
import type { Match } from "../session/api";
import { message } from "./fixtures";
import { enqueue } from "./outbox";
import { initialState, reduce, roomOrder, roomWith, type Action, type State } from "./state";

const members = [
  { userId: "ana", name: "Ana", online: true },
  { userId: "bo", name: "Bo", online: false },
];
const match = (changes: Partial<Match> = {}): Match => ({
  matchId: "room", members, lastSeq: 0, readSeq: 0, unread: 0, ...changes,
});
const joined = (messages = [message(1)], lastSeq = messages.at(-1)?.seq ?? 0): Action => ({
  type: "joined",
  ack: { matchId: "room", members, messages, lastSeq, readSeq: 0, sealed: false },
});
const event = (seq: number, from = "bo", clientId?: string) => {
  const { version: _, ...rest } = message(seq, { from, ...(clientId === undefined ? {} : { clientId }) });
  return rest;
};

function run(...actions: Action[]): State {
  return actions.reduce(reduce, initialState("ana", []));
}

function roomIn(state: State, matchId = "room") {
  const room = state.rooms[matchId];
  if (room === undefined) throw new Error(`no room ${matchId}`);
  return room;
}

describe("messages", () => {
  it("of a room never opened raise the unread count only", () => {
    const state = run({ type: "matches", matches: [match()] }, { type: "message", event: event(1) });
    expect(roomIn(state)).toMatchObject({ unread: 1, lastSeq: 1, timeline: [] });
  });

  it("come once when told twice", () => {
    const state = run(joined(), { type: "message", event: event(2) }, { type: "message", event: event(2) });
    expect(roomIn(state).timeline).toHaveLength(2);
    expect(roomIn(state).unread).toBe(1);
  });

  it("of one's own settle the outbox, whichever of event and ack comes first", () => {
    const pending = {
      clientId: "c1", matchId: "room", content: "hi", createdAt: "", state: "sending", retries: 0, notBefore: 0,
    } as const;
    const ack: Action = {
      type: "stored", pending, ack: { messageId: "m2", seq: 2, timestamp: message(2).timestamp, status: "stored" },
    };
    const own: Action = { type: "message", event: event(2, "ana", "c1") };
    const outbox: Action = { type: "outbox", outbox: enqueue([], pending) };
    for (const order of [[ack, own], [own, ack]]) {
      const state = run(joined(), outbox, ...order);
      expect(state.outbox).toEqual([]);
      expect(roomIn(state).timeline.map(({ seq }) => seq)).toEqual([1, 2]);
      expect(roomIn(state).unread).toBe(0);
    }
  });

  it("that are acked as delivered show it", () => {
    const pending = { ...enqueue([], { clientId: "c", matchId: "room", content: "x", createdAt: "" })[0]! };
    const ack = { messageId: "m2", seq: 2, timestamp: message(2).timestamp, status: "delivered" as const };
    const state = run(joined(), { type: "stored", pending, ack });
    expect(roomIn(state).cursors).toEqual({ bo: { deliveredSeq: 2, readSeq: 0 } });
  });

  it("that are edited or deleted change in the list too", () => {
    const change = { messageId: "m1", matchId: "room", version: 2, content: "", deleted: true };
    const state = run(joined(), { type: "updated", event: change });
    expect(roomIn(state).lastMessage?.deleted).toBe(true);
    expect(roomIn(state).timeline[0]?.deleted).toBe(true);
  });
});

describe("joining", () => {
  it("knows that there is something older above the first page", () => {
    expect(roomIn(run(joined([message(51), message(52)]))).olderMore).toBe(true);
    expect(roomIn(run(joined([message(1)]))).olderMore).toBe(false);
  });

  it("adds what was missed to what is there", () => {
    const state = run(joined([message(1), message(2)]), joined([message(3)]));
    expect(roomIn(state).timeline).toHaveLength(3);
  });

  it("takes the read cursor of the server, so that a lost one is told again", () => {
    const state = run(joined(), { type: "read", matchId: "room", seq: 1 }, joined());
    expect(roomIn(state).readSeq).toBe(0);
  });

  it("takes the cursors of the others where the server tells them", () => {
    const [ana, bo] = members;
    const told = [ana!, { ...bo!, deliveredSeq: 4, readSeq: 3 }];
    const ack = { matchId: "room", members: told, messages: [], lastSeq: 4, readSeq: 4, sealed: false };
    expect(roomIn(run({ type: "joined", ack })).cursors).toEqual({ bo: { deliveredSeq: 4, readSeq: 3 } });
  });
});

describe("reading", () => {
  it("on another device clears the count here", () => {
    const status = { matchId: "room", userId: "ana", deliveredSeq: 1, readSeq: 1 };
    const list: Action = { type: "matches", matches: [match({ lastSeq: 1, unread: 1 })] };
    expect(roomIn(run(list, { type: "cursor", event: status })).unread).toBe(0);
  });

  it("by the other moves the ticks", () => {
    const status = { matchId: "room", userId: "bo", deliveredSeq: 2, readSeq: 1 };
    expect(roomIn(run(joined(), { type: "cursor", event: status })).cursors.bo?.readSeq).toBe(1);
  });
});

describe("matches", () => {
  const created: Action = {
    type: "matched",
    event: { matchId: "room", peer: { userId: "bo", name: "Bo", interests: [] }, openingLines: ["Tea or coffee?"] },
  };

  it("made by somebody else are told, with lines to begin", () => {
    const state = run(created);
    expect(state.matchedId).toBe("room");
    expect(roomIn(state).chips.map(({ text }) => text)).toEqual(["Tea or coffee?"]);
    expect(reduce(state, { type: "open", matchId: "room" }).matchedId).toBeNull();
  });

  it("made by oneself are open already and not told", () => {
    expect(run({ type: "open", matchId: "room" }, created).matchedId).toBeNull();
  });

  it("lose their opening lines with one's own first message", () => {
    const state = run(created, { type: "message", event: event(1, "ana") });
    expect(roomIn(state).chips).toEqual([]);
  });

  it("are found by the other person", () => {
    const state = run({ type: "matches", matches: [match()] });
    expect(roomWith(state, "bo")?.matchId).toBe("room");
    expect(roomWith(state, "cy")).toBeNull();
  });

  it("stand with the latest talk first, new ones above all", () => {
    const old = match({ matchId: "old", lastSeq: 1, lastMessage: message(1, { matchId: "old" }) });
    const recent = match({ matchId: "recent", lastSeq: 2, lastMessage: message(2, { matchId: "recent" }) });
    const state = run({ type: "matches", matches: [old, recent, match({ matchId: "new" })] });
    expect(roomOrder(state).map(({ matchId }) => matchId)).toEqual(["new", "recent", "old"]);
  });

  it("that are refused say so at the person until the next try", () => {
    const error = { code: "forbidden", message: "no", retryable: false } as const;
    const failed = run({ type: "matching", userId: "bo" }, { type: "matching", userId: "bo", error });
    expect(failed.matching).toEqual({});
    expect(failed.matchFaults).toEqual({ bo: error });
    expect(reduce(failed, { type: "matching", userId: "bo" })).toMatchObject({ matching: { bo: true }, matchFaults: {} });
  });
});

describe("people", () => {
  it("come and go in the room and in the list", () => {
    const state = run(
      { type: "matches", matches: [match()] },
      { type: "people", people: [{ userId: "bo", name: "Bo", online: false, interests: [] }] },
      { type: "presence", event: { userId: "bo", online: true } },
    );
    expect(roomIn(state).members[1]?.online).toBe(true);
    expect(state.people?.[0]?.online).toBe(true);
  });

  it("type until they stop, send or fall silent", () => {
    const typing: Action = { type: "typing", event: { matchId: "room", userId: "bo", typing: true }, now: 0 };
    const state = run(joined(), typing);
    expect(roomIn(state).typing.bo).toBeGreaterThan(0);
    expect(roomIn(reduce(state, { type: "message", event: event(2) })).typing).toEqual({});
    expect(roomIn(reduce(state, { type: "lapse", now: 60_000 })).typing).toEqual({});
    expect(reduce(state, { type: "lapse", now: 1 })).toBe(state);
  });
});

describe("errors", () => {
  const error = { code: "unavailable", message: "down", retryable: true } as const;

  it("of the help button end the waiting", () => {
    const state = run(joined(), { type: "thinking", matchId: "room" }, { type: "fault", matchId: "room", place: "help", error });
    expect(roomIn(state)).toMatchObject({ thinking: false, faults: { help: error } });
  });

  it("at a message go with the next success", () => {
    const failed = run(joined(), { type: "messageFault", matchId: "room", messageId: "m1", error });
    expect(roomIn(failed).messageFaults.m1).toEqual(error);
    const fine = reduce(failed, { type: "messageFault", matchId: "room", messageId: "m1", error: null });
    expect(roomIn(fine).messageFaults).toEqual({});
  });
});
