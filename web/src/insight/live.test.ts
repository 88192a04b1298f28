import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NO_CALLS, reduce, type Call } from "../call/state";
import { summarise } from "../call/statistics";
import type { Acks } from "../protocol/events";
import { Refusal, UNREACHED } from "../session/wire";
import { leg, notice, quality, topic } from "./fixtures";
import { LiveInsight } from "./live";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const call: Call = reduce(
  reduce(NO_CALLS, { type: "start", matchId: "room", video: true }),
  { type: "started", ack: { callId: "c1", state: "active" }, now: 0 },
).current as Call;

/** Ana in a call; the connection counts `energy.heard`, and takes what it is asked into `asked`. */
function house(): { live: LiveInsight; asked: unknown[][]; energy: { heard: number } } {
  const asked: unknown[][] = [];
  const energy = { heard: 0 };
  const request = <K extends keyof Acks>(...ask: [K, unknown]): Promise<Acks[K]> => {
    asked.push(ask);
    return Promise.reject(new Refusal(UNREACHED));
  };
  const statistics = () => Promise.resolve({ ...summarise([]), totalAudioEnergy: energy.heard });
  const live = new LiveInsight({ me: "ana", connection: { request }, statistics });
  live.follow(call);
  return { live, asked, energy };
}

describe("what stands on the screen", () => {
  it("leaves when its time is over, with no further event", async () => {
    const { live } = house();
    live.onEvent("call_quality", quality([leg("ana", "up", "good")]));
    live.onEvent("call_notice", notice("poor_uplink", "bo"));
    await vi.advanceTimersByTimeAsync(5_100);
    expect(live.store.get()).toMatchObject({ quality: null, notices: [{ kind: "poor_uplink" }] });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(live.store.get().notices).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("follows one's own microphone", () => {
    const { live } = house();
    live.follow({ ...call, micOn: false });
    live.onEvent("call_notice", notice("muted_while_speaking", "ana"));
    expect(live.store.get().notices).toHaveLength(1);
    live.follow(call);
    expect(live.store.get().notices).toEqual([]);
  });

  it("is gone with the call, and nothing is waited for any more", () => {
    const { live } = house();
    live.onEvent("call_quality", quality([]));
    live.onEvent("topic_prompt", topic("p1"));
    expect(vi.getTimerCount()).toBe(2);
    live.stop();
    expect(live.store.get()).toMatchObject({ quality: null, topics: { card: null }, endedId: "c1" });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is not touched by what is none of its events", () => {
    const { live } = house();
    const before = live.store.get();
    live.onEvent("new_message", {});
    live.onEvent("toString", {});
    expect(live.store.get()).toBe(before);
  });
});

describe("a topic", () => {
  it("that is used or waved away is told once, even when nobody hears it", () => {
    const { live, asked } = house();
    live.use();
    live.onEvent("topic_prompt", topic("p1"));
    live.use();
    live.use();
    live.close();
    live.onEvent("topic_prompt", topic("p2"));
    live.wave();
    expect(asked).toEqual([
      ["rate_suggestion", { promptId: "p1", used: true }], ["rate_suggestion", { promptId: "p2", used: false }],
    ]);
    expect(live.store.get().topics).toMatchObject({ card: null, over: true });
  });

  it("leaves after 20 s of talk, counted only while somebody speaks", async () => {
    const { live, energy } = house();
    live.onEvent("topic_prompt", topic("p1"));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(live.store.get().topics.card?.talkedMs).toBe(0);
    const talk = setInterval(() => (energy.heard += 0.001), 100);
    await vi.advanceTimersByTimeAsync(18_000);
    expect(live.store.get().topics.card?.talkedMs).toBeGreaterThan(16_000);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(live.store.get().topics.card).toBeNull();
    clearInterval(talk);
    expect(vi.getTimerCount()).toBe(0);
  });
});
