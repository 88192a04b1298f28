import { describe, expect, it } from "vitest";
import { cause, leg, notice, quality, summary, topic } from "./fixtures";
import { HOLD_MS, STALE_MS } from "./quality";
import { deadline, NO_INSIGHT, reduce, type Action, type Insight } from "./state";
import { OPEN_MS } from "./topics";

const on: Action = { type: "follow", callId: "c1" };
const off: Action = { type: "follow", callId: null };
const report: Action = { type: "quality", event: quality([leg("ana", "up", "good")]), me: "ana", now: 0 };
const noticed: Action = { type: "notice", event: notice("peer_reconnecting", "bo"), now: 0 };
const offer: Action = { type: "topic", event: topic("p1"), now: 0 };
const summed: Action = { type: "summary", event: summary() };
const run = (...actions: Action[]): Insight => actions.reduce(reduce, NO_INSIGHT);

describe("a call", () => {
  it("is understood while it is on, and nothing of another one is", () => {
    for (const action of [report, noticed, offer, summed]) {
      expect(run(action)).toBe(NO_INSIGHT);
      expect(run({ type: "follow", callId: "c2" }, action)).toEqual({ ...NO_INSIGHT, callId: "c2" });
    }
    const state = run(on, report, noticed, offer);
    expect(state).toMatchObject({ quality: { at: 0 }, notices: [{ kind: "peer_reconnecting" }], topics: { card: {} } });
    expect(reduce(state, on)).toBe(state);
  });

  it("leaves nothing behind but its summary, which comes before its end or after", () => {
    const ended = { ...NO_INSIGHT, endedId: "c1", summary: summary() };
    expect(run(on, report, noticed, offer, summed, off)).toEqual(ended);
    expect(run(on, report, noticed, offer, off, summed)).toEqual(ended);
    expect(run(on, off, report, noticed, offer).endedId).toBe("c1");
    expect(run(on, off, report, noticed, offer)).toEqual({ ...ended, summary: null });
    expect(run(on, off, summed, { type: "follow", callId: "c2" })).toEqual({ ...NO_INSIGHT, callId: "c2" });
  });

  it("that was waved off topics is one call; the next has topics again", () => {
    const next: Action = { type: "topic", event: topic("p2", "c2"), now: 9 };
    expect(run(on, offer, { type: "wave" }, { type: "topic", event: topic("p2"), now: 9 }).topics.card).toBeNull();
    expect(run(on, offer, { type: "wave" }, off, { type: "follow", callId: "c2" }, next).topics.card).not.toBeNull();
  });
});

describe("what a person does", () => {
  it("puts away a notice, takes a topic, closes it", () => {
    expect(run(on, noticed, { type: "dismiss", key: "peer_reconnecting bo" }).notices).toEqual([]);
    const small = run(on, offer, { type: "use", now: 5 });
    expect(small.topics.card).toMatchObject({ size: "small", since: 5 });
    expect(reduce(small, { type: "close" }).topics.card).toBeNull();
    expect(run(on, offer, { type: "talked", ms: 30_000 }).topics.card).toBeNull();
  });

  it("and what the server tells of people ends notices", () => {
    const back: Action = { type: "state", event: { callId: "c1", state: "active", participants: [{ userId: "bo", state: "joined" }] } };
    expect(run(on, noticed, back).notices).toEqual([]);
    const muted: Action = { type: "notice", event: notice("muted_while_speaking", "bo"), now: 0 };
    const unmuted = (callId: string): Action => ({ type: "media", callId, media: { userId: "bo", audio: true, video: true } });
    expect(run(on, muted, unmuted("c1")).notices).toEqual([]);
    expect(run(on, muted, unmuted("c2")).notices).toHaveLength(1);
  });
});

describe("time", () => {
  it("is waited for only where something will change by itself", () => {
    expect(deadline(run(on))).toBe(Infinity);
    expect(deadline(run(on, offer))).toBe(OPEN_MS);
    expect(deadline(run(on, offer, noticed))).toBe(10_000);
    expect(deadline(run(on, offer, noticed, report))).toBe(STALE_MS);
    const blamed: Action = { ...report, event: quality([], cause("loss", "bo", "up", "Bo's uplink loses 8 %")) };
    expect(deadline(run(on, offer, noticed, blamed))).toBe(HOLD_MS);
  });

  it("takes away what has had its time, each at its own", () => {
    const state = run(on, report, noticed, offer);
    expect(reduce(state, { type: "tick", now: STALE_MS - 1 })).toBe(state);
    let rest = state;
    for (const [kept, next] of [[["notices", "card"], 5_000], [["card"], 10_000], [[], 60_000]] as const) {
      expect(deadline(rest)).toBe(next);
      rest = reduce(rest, { type: "tick", now: next });
      const left = [...(rest.notices.length > 0 ? ["notices"] : []), ...(rest.topics.card === null ? [] : ["card"])];
      expect(left).toEqual(kept);
      expect(rest.quality).toBeNull();
    }
    expect(deadline(rest)).toBe(Infinity);
  });
});
