import { expect, it } from "vitest";
import { keep, takeKept } from "./kept";
import { NO_CALLS, reduce, type Action, type Call } from "./state";

function memory(): Storage {
  const values = new Map<string, string>();
  return {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  } as Storage;
}

function call(...more: Action[]): Call {
  const actions: Action[] = [
    { type: "start", matchId: "room", video: true }, { type: "started", ack: { callId: "c1", state: "connecting" }, now: 7 }, ...more,
  ];
  return actions.reduce(reduce, NO_CALLS).current as Call;
}

it("a call outlives a reload, once and not for long", () => {
  const storage = memory();
  keep(storage, call({ type: "camera", on: false }), 1_000);
  expect(takeKept(storage, 2_000)).toEqual({ callId: "c1", matchId: "room", role: "caller", video: false, activeAt: null });
  expect(takeKept(storage, 2_000)).toBeNull();
  keep(storage, call(), 1_000);
  expect(takeKept(storage, 60_000)).toBeNull();
});

it("a ring does not, and no call removes what was kept", () => {
  const storage = memory();
  keep(storage, { ...call(), phase: "ringing" }, 1_000);
  expect(takeKept(storage, 1_000)).toBeNull();
  keep(storage, call(), 1_000);
  keep(storage, null, 1_000);
  expect(takeKept(storage, 1_000)).toBeNull();
});

it("what can not be read is no call", () => {
  const storage = memory();
  for (const text of ["{", "null", "[]", '{"callId":1}', '{"callId":"c","matchId":"m"}']) {
    storage.setItem("visavis.call", text);
    expect(takeKept(storage, 0)).toBeNull();
  }
});
