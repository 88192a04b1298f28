import { describe, expect, it } from "vitest";
import { translate, type Params } from "../ui/i18n";
import type { StringKey } from "../ui/strings";
import { callEntry, entryText, isMissed } from "./entry";
import { faultKey, faultOf } from "./faults";
import { NO_CALLS, reduce, type Action, type Call, type CallsState, type Over } from "./state";
import { clock, mayCallAgain, phaseKey, reasonKey, ringOf, spoken, troubleOf } from "./views";

const t = (key: StringKey, params?: Params) => translate("en", key, params);
const zh = (key: StringKey, params?: Params) => translate("zh", key, params);

const ring: Action = {
  type: "incoming",
  event: { callId: "c1", matchId: "room", from: "bo", audio: true, video: false, mode: "relay", expiresAt: "" },
};
const out: Action[] = [{ type: "start", matchId: "room", video: false }, { type: "started", ack: { callId: "c2", state: "ringing" }, now: 0 }];
const run = (...actions: Action[]): CallsState => actions.reduce(reduce, NO_CALLS);

describe("the tone", () => {
  it("is that of who is called, who waits, or nobody", () => {
    expect(ringOf(NO_CALLS)).toBeNull();
    expect(ringOf(run(ring))).toBe("incoming");
    expect(ringOf(run(...out))).toBe("outgoing");
    expect(ringOf(run(ring, { type: "accept", callId: "c1", video: false }))).toBeNull();
  });
});

describe("trouble", () => {
  const call = run(...out).current as Call;
  const withPhase = (phase: Call["phase"], changes: Partial<Call> = {}): Call => ({ ...call, phase, ...changes });

  it("is nobody's before the call is answered and while all is well", () => {
    expect(troubleOf(withPhase("ringing"), "ana", false)).toBeNull();
    expect(troubleOf(withPhase("active"), "ana", true)).toBeNull();
  });

  it("is one's own with a broken link or no signalling", () => {
    expect(troubleOf(withPhase("active", { link: "down" }), "ana", true)).toBe("own");
    expect(troubleOf(withPhase("active"), "ana", false)).toBe("own");
    expect(troubleOf(withPhase("reconnecting"), "ana", true)).toBe("own");
  });

  it("is the other's when the server says so", () => {
    const participants = [{ userId: "bo", state: "reconnecting" }] as const;
    expect(troubleOf(withPhase("reconnecting", { participants }), "ana", true)).toBe("other");
    expect(troubleOf(withPhase("reconnecting", { participants }), "bo", true)).toBe("own");
  });

  it("and the state have words, but for the active call, whose timer speaks", () => {
    expect(phaseKey(withPhase("active"))).toBeNull();
    expect(phaseKey(withPhase("reconnecting"))).toBe("callReconnecting");
  });
});

describe("times", () => {
  it("of a timer", () => {
    expect([0, 5.9, 65, 3_665, -2].map(clock)).toEqual(["0:00", "0:05", "1:05", "1:01:05", "0:00"]);
  });

  it("in words", () => {
    expect(spoken(t, 12.4)).toBe("12 s");
    expect(spoken(t, 185)).toBe("3 min 5 s");
    expect(spoken(zh, 3_725)).toBe("1 小时 2 分");
  });
});

describe("the entry in the chat", () => {
  const entry = (reason: string, duration = 0, video = false) => ({ callId: "c1", reason, duration, video });

  it("is read with care", () => {
    expect(callEntry({ type: "call", content: { ...entry("completed", 3, true) } })).toEqual(entry("completed", 3, true));
    expect(callEntry({ type: "call", content: { reason: "declined" } })).toEqual({ ...entry("declined"), callId: "" });
    expect(callEntry({ type: "call", content: "?" })).toBeNull();
    expect(callEntry({ type: "call", content: {} })).toBeNull();
    expect(callEntry({ type: "text", content: "hi" })).toBeNull();
  });

  it("says how long it was or why it was not", () => {
    expect(entryText(t, entry("completed", 185, true), true)).toBe("Video call · 3 min 5 s");
    expect(entryText(t, entry("declined"), false)).toBe("Voice call · Declined");
    expect(entryText(zh, entry("connection_lost", 61), true)).toBe("语音通话 · 1 分 1 秒 · 连接已中断");
  });

  it("is a missed call to the one who did not answer", () => {
    expect(isMissed(entry("no_answer"), false)).toBe(true);
    expect(entryText(t, entry("cancelled", 0, true), false)).toBe("Missed video call");
    expect(entryText(t, entry("no_answer"), true)).toBe("Voice call · No answer");
  });

  it("with a reason of a later version is just a call that ended", () => {
    expect(reasonKey("a_new_one")).toBe("endCompleted");
    expect(reasonKey(null)).toBe("endCompleted");
  });
});

describe("calling again", () => {
  const over: Over = {
    callId: "c1", matchId: "room", video: false, reason: null, duration: 0, error: null, faults: {},
  };

  it("is offered where it may help, not where the other said no", () => {
    expect(mayCallAgain({ ...over, reason: "no_answer" })).toBe(true);
    expect(mayCallAgain({ ...over, reason: "connection_lost" })).toBe(true);
    expect(mayCallAgain({ ...over, reason: "declined" })).toBe(false);
    expect(mayCallAgain({ ...over, reason: "completed" })).toBe(false);
  });

  it("is not offered after a refusal for good", () => {
    const error = (code: "blocked" | "unavailable") => ({ code, message: "", retryable: false });
    expect(mayCallAgain({ ...over, error: error("blocked") })).toBe(false);
    expect(mayCallAgain({ ...over, error: error("unavailable") })).toBe(true);
  });
});

describe("what devices refuse", () => {
  const thrown = (name: string) => Object.assign(new Error(), { name });

  it("is told in what a person can act on", () => {
    expect(faultOf(thrown("NotAllowedError"))).toBe("denied");
    expect(faultOf(thrown("NotReadableError"))).toBe("inUse");
    expect(faultOf(thrown("OverconstrainedError"))).toBe("missing");
    expect(faultOf(thrown("NotFoundError"))).toBe("missing");
    expect(faultOf(new TypeError("navigator.mediaDevices is undefined"))).toBe("insecure");
    expect(faultOf(null)).toBe("insecure");
    expect(faultKey("camera", "denied")).toBe("cameraDenied");
  });
});
