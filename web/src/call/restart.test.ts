import { describe, expect, it } from "vitest";
import { FIRST, GRACE_MS, RESTARTS, RETRY_MS, step, type Act, type Happening, type Policy } from "./restart";

type Timed = [now: number, what: Happening];
const connection = (state: RTCPeerConnectionState): Happening => ({ type: "connection", state });
const tick: Happening = { type: "tick" };

function run(...events: Timed[]): { policy: Policy; acts: Act[] } {
  let policy = FIRST;
  const acts: Act[] = [];
  for (const [now, what] of events) {
    const next = step(policy, what, now);
    policy = next.policy;
    acts.push(next.act);
  }
  return { policy, acts };
}

const up: Timed[] = [[0, { type: "answered" }], [50, connection("connecting")], [100, connection("connected")]];

describe("a connected call", () => {
  it("needs no timer", () => {
    expect(run(...up).policy).toEqual({ up: true, offering: false, tries: 0, due: null });
  });

  it("heals by itself within the grace", () => {
    const { policy, acts } = run(...up, [1_000, connection("disconnected")], [2_000, connection("connected")], [9_000, tick]);
    expect(acts.every((act) => act === null)).toBe(true);
    expect(policy.due).toBeNull();
  });

  it("restarts when it stays disconnected, and at once when it failed", () => {
    const shaky = run(...up, [1_000, connection("disconnected")]);
    expect(shaky.policy.due).toBe(1_000 + GRACE_MS);
    expect(step(shaky.policy, tick, 1_000 + GRACE_MS - 1).act).toBeNull();
    expect(step(shaky.policy, tick, 1_000 + GRACE_MS).act).toBe("restart");
    expect(run(...up, [1_000, connection("failed")]).acts.at(-1)).toBe("restart");
  });

  it("restarts when the network or the signalling came back", () => {
    expect(run(...up, [1_000, { type: "nudge" }]).acts.at(-1)).toBe("restart");
  });

  it("stays as it is when nobody takes an offer while media flows", () => {
    const { policy } = run(...up, [1_000, { type: "nudge" }], [2_000, { type: "unanswered" }]);
    expect(policy).toEqual({ up: true, offering: false, tries: 0, due: null });
  });
});

describe("offers", () => {
  it("are one at a time; what came meanwhile follows", () => {
    const busy = run(...up, [1_000, connection("failed")], [1_100, { type: "nudge" }], [1_200, connection("failed")]);
    expect(busy.acts.slice(-2)).toEqual([null, null]);
    expect(step(busy.policy, { type: "answered" }, 1_300).act).toBe("restart");
  });

  it("are made again when an answer brought no connection", () => {
    const { policy } = run([0, { type: "answered" }]);
    expect(policy.due).toBe(RETRY_MS);
    expect(step(policy, tick, RETRY_MS).act).toBe("restart");
  });

  it("are made again when nobody took the first one, without an end", () => {
    let policy = FIRST;
    for (let round = 1; round <= 20; round += 1) {
      policy = step(policy, { type: "unanswered" }, round * 10_000).policy;
      const next = step(policy, tick, round * 10_000 + RETRY_MS);
      expect(next.act).toBe("restart");
      policy = next.policy;
    }
  });
});

describe("a new peer connection", () => {
  it("comes after restarts in vain, then restarts begin anew", () => {
    let policy = run(...up).policy;
    const acts: Act[] = [];
    for (let now = 10_000, round = 0; round < RESTARTS + 2; round += 1, now += 10_000) {
      const failed = step(policy, round === 0 ? connection("failed") : tick, now);
      acts.push(failed.act);
      policy = step(failed.policy, { type: "answered" }, now + 100).policy;
    }
    expect(acts).toEqual([...Array<Act>(RESTARTS).fill("restart"), "replace", "restart"]);
  });

  it("comes at once when the server lost the leg, even with an offer under way", () => {
    const { policy, acts } = run(...up, [1_000, { type: "nudge" }], [1_010, { type: "lost" }]);
    expect(acts.at(-1)).toBe("replace");
    expect(policy).toEqual(FIRST);
  });
});

it("states without meaning for the policy leave it alone", () => {
  for (const state of ["new", "connecting", "closed"] as const) {
    expect(step(FIRST, connection(state), 5).policy).toEqual(FIRST);
  }
});
