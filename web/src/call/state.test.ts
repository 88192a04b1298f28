import { describe, expect, it } from "vitest";
import { NO_CALLS, reduce, type Action, type CallsState } from "./state";

const ring = (callId = "c1"): Action => ({
  type: "incoming",
  event: { callId, matchId: "room", from: "bo", audio: true, video: true, mode: "relay", expiresAt: "2026-01-05T10:00:30.000Z" },
});
const start: Action = { type: "start", matchId: "room", video: true };
const opened: Action = { type: "opened", opened: { micOn: true, cameraOn: true, faults: {} } };
const started = (state: "ringing" | "connecting" | "ended" = "ringing", callId = "c1"): Action =>
  ({ type: "started", ack: { callId, state }, now: 1_000 });
const accept: Action = { type: "accept", callId: "c1", video: false };
const told = (state: "connecting" | "active" | "reconnecting" | "ended", now = 2_000, callId = "c1"): Action => ({
  type: "state", now, event: { callId, state, participants: [{ userId: "bo", state: "joined" }] },
});
const ended = (reason: "completed" | "answered_elsewhere" | "busy" | "no_answer", callId = "c1"): Action =>
  ({ type: "ended", event: { callId, reason, duration: 7.5 } });

const run = (...actions: Action[]): CallsState => actions.reduce(reduce, NO_CALLS);

describe("an outgoing call", () => {
  it("opens the devices, rings, connects and is active", () => {
    expect(run(start).current).toMatchObject({ phase: "preparing", callId: null, role: "caller", cameraOn: true });
    expect(run(start, opened, started()).current).toMatchObject({ phase: "ringing", callId: "c1" });
    expect(run(start, opened, started(), told("connecting")).current?.phase).toBe("connecting");
    expect(run(start, opened, started(), told("active")).current).toMatchObject({ phase: "active", activeAt: 2_000 });
  });

  it("counts its time from the first active, through every reconnection", () => {
    const state = run(start, started(), told("active", 2_000), told("reconnecting", 5_000), told("active", 9_000));
    expect(state.current).toMatchObject({ phase: "active", activeAt: 2_000 });
  });

  it("is over at once when the other is busy, and takes the server's word for it", () => {
    expect(run(start, started("ended"))).toMatchObject({ current: null, over: { callId: "c1", reason: "busy", duration: 0 } });
    expect(run(start, started("ended"), ended("busy")).over).toMatchObject({ reason: "busy", duration: 7.5 });
  });

  it("shows why the server refused it", () => {
    const error = { code: "rate_limited", message: "slow down", retryable: true } as const;
    expect(run(start, { type: "refused", error, now: 1 })).toMatchObject({ current: null, over: { error, reason: null } });
  });

  it("does not begin while another is on", () => {
    expect(run(start, started(), { type: "start", matchId: "other", video: false }).current?.matchId).toBe("room");
  });

  it("removes the end of the call before", () => {
    expect(run(start, { type: "left", reason: "cancelled", now: 1 }, start).over).toBeNull();
  });

  it("ends in words of its own until the server has answered", () => {
    const left = run(start, started(), told("active", 2_000), { type: "left", reason: "completed", now: 5_500 });
    expect(left).toMatchObject({ current: null, over: { reason: "completed", duration: 3.5 } });
    expect(reduce(left, { type: "leftFor", callId: "c1", reason: "connection_lost" }).over?.reason).toBe("connection_lost");
    expect(reduce(left, { type: "leftFor", callId: "c9", reason: "failed" })).toBe(left);
    expect(reduce(left, ended("completed")).over?.duration).toBe(7.5);
  });
});

describe("an incoming call", () => {
  it("rings once, and stops when it ends or was answered on another device", () => {
    const ringing = run(ring());
    expect(ringing.incoming).toEqual({ callId: "c1", matchId: "room", from: "bo", video: true });
    expect(reduce(ringing, ring())).toBe(ringing);
    expect(reduce(ringing, ended("answered_elsewhere"))).toEqual(NO_CALLS);
    expect(reduce(ringing, { type: "silenced", callId: "c1" })).toEqual(NO_CALLS);
    expect(reduce(ringing, { type: "silenced", callId: "c2" })).toBe(ringing);
  });

  it("becomes the call when it is accepted, with or without picture", () => {
    const state = run(ring(), accept);
    expect(state.incoming).toBeNull();
    expect(state.current).toMatchObject({ role: "callee", callId: "c1", phase: "preparing", cameraOn: false });
    expect(reduce(state, { type: "answered", ack: { state: "connecting" }, now: 1 }).current?.phase).toBe("connecting");
  });

  it("can not be accepted when it does not ring any more", () => {
    expect(run(accept)).toBe(NO_CALLS);
    expect(run(ring("c2"), accept).current).toBeNull();
  });

  it("ends for this device when another one was quicker", () => {
    expect(run(ring(), accept, ended("answered_elsewhere"))).toMatchObject({
      current: null, over: { reason: "answered_elsewhere" },
    });
  });

  it("does not ring into a call that is on", () => {
    expect(run(start, started(), ring("c2")).incoming).toBeNull();
  });
});

describe("two rings that cross", () => {
  it("are one call, whichever of the ring and the answer comes first", () => {
    for (const order of [[start, ring(), started("connecting")], [start, started("connecting"), ring()]]) {
      expect(run(...order)).toMatchObject({ incoming: null, current: { callId: "c1", phase: "connecting" } });
    }
  });

  it("leave the other's ring when one's own is cancelled", () => {
    const state = run(start, ring(), { type: "left", reason: "cancelled", now: 1 });
    expect(state).toMatchObject({ current: null, incoming: { callId: "c1" } });
  });
});

describe("during a call", () => {
  const active = run(start, opened, started(), told("active"));

  it("what is told of another call changes nothing", () => {
    expect(reduce(active, told("reconnecting", 3_000, "c2"))).toBe(active);
    expect(reduce(active, ended("completed", "c2"))).toBe(active);
    const event = { callId: "c2", userId: "bo", audio: false, video: false, screen: false };
    expect(reduce(active, { type: "remote", event })).toBe(active);
  });

  it("the state ended waits for the reason", () => {
    expect(reduce(active, told("ended")).current?.phase).toBe("active");
  });

  it("what the other sends is kept by person", () => {
    const event = { callId: "c1", userId: "bo", audio: false, video: true, screen: false };
    expect(reduce(active, { type: "remote", event }).current?.remote).toEqual({ bo: { audio: false, video: true } });
  });

  it("microphone, camera, size and faults are switched one by one", () => {
    const state = [
      { type: "mic", on: false },
      { type: "camera", on: false },
      { type: "minimised", minimised: true },
      { type: "fault", kind: "camera", fault: "inUse" },
      { type: "fault", kind: "microphone", fault: "missing" },
      { type: "fault", kind: "camera", fault: null },
    ].reduce((next, action) => reduce(next, action as Action), active);
    expect(state.current).toMatchObject({ micOn: false, cameraOn: false, minimised: true, faults: { microphone: "missing" } });
  });

  it("a broken link is no change of the call's state", () => {
    expect(reduce(active, { type: "link", link: "down", now: 3_000 }).current).toMatchObject({ phase: "active", link: "down" });
  });
});

describe("after a reload", () => {
  const kept = { callId: "c1", matchId: "room", role: "callee", video: true, activeAt: 500 } as const;
  const resumed = run({ type: "resume", kept });

  it("the call goes on once the link is up, with its old beginning", () => {
    expect(resumed.current).toMatchObject({ phase: "reconnecting", activeAt: 500 });
    expect(reduce(resumed, { type: "link", link: "up", now: 9_000 }).current).toMatchObject({ phase: "active", activeAt: 500 });
  });

  it("what the server tells goes before", () => {
    const away = reduce(resumed, told("reconnecting"));
    expect(reduce(away, { type: "link", link: "up", now: 9_000 }).current?.phase).toBe("reconnecting");
  });

  it("is not taken into another call", () => {
    const busy = run(start);
    expect(reduce(busy, { type: "resume", kept })).toBe(busy);
  });
});

it("without a call, what belongs to one changes nothing", () => {
  const actions: Action[] = [
    opened, started(), { type: "answered", ack: { state: "connecting" }, now: 1 }, told("active"), ended("completed"),
    { type: "left", reason: "completed", now: 1 }, { type: "mic", on: false }, { type: "link", link: "up", now: 1 },
    { type: "refused", error: { code: "gone", message: "", retryable: false }, now: 1 },
  ];
  expect(run(...actions)).toEqual(NO_CALLS);
  expect(run(start, { type: "left", reason: null, now: 1 }, { type: "overSeen" })).toEqual(NO_CALLS);
});
