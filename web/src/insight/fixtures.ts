/** Events as the server sends them, for tests. */
import type { Down } from "../session/wire";
import type { Cause, Leg, Level, Report } from "./quality";

export function leg(userId: string, direction: Leg["direction"], level: Level, figures: Partial<Leg> = {}): Leg {
  return { userId, direction, level, loss: 0, jitterMs: 3, bitrate: 40_000, ...figures };
}

export function cause(kind: Cause["kind"], userId: string, direction: Cause["direction"], text: string): Cause {
  return { kind, userId, direction, text };
}

export function quality(legs: Leg[], blamed?: Cause, advice?: string): Report {
  return {
    callId: "c1", legs,
    ...(blamed === undefined ? {} : { cause: blamed }), ...(advice === undefined ? {} : { advice }),
  };
}

type NoticeEvent = Down<"call_notice">;

export function notice(kind: NoticeEvent["kind"], userId: string, text: string = kind): NoticeEvent {
  return { callId: "c1", kind, userId, text };
}

export function topic(promptId: string, callId = "c1"): Down<"topic_prompt"> {
  return {
    callId, promptId, text: `What about ${promptId}?`, topic: "travel", why: "dead_air", silenceMs: 7_000,
    provider: "builtin", lang: "en",
  };
}

export function summary(changes: Partial<Down<"call_summary">> = {}): Down<"call_summary"> {
  return {
    callId: "c1", duration: 185,
    quality: [
      { userId: "ana", direction: "up", level: "good", loss: 0 }, { userId: "bo", direction: "down", level: "good", loss: 0 },
      { userId: "bo", direction: "up", level: "fair", loss: 0.02 }, { userId: "ana", direction: "down", level: "fair", loss: 0.02 },
    ],
    talk: { shares: [{ userId: "ana", share: 0.62 }, { userId: "bo", share: 0.38 }], overlaps: 2, longestSilenceMs: 9_400, turns: 14 },
    prompts: [{ promptId: "p1", text: "Which trip would you do again?", topic: "travel", resumed: true }],
    followUps: ["Ask how the hike on Sunday went."],
    ...changes,
  };
}
