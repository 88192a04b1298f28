/** The entry that a call leaves in the chat (`type: "call"`). */
import type { Message } from "../session/wire";
import { reasonKey, spoken, type Translate } from "./views";

export interface CallEntry {
  callId: string;
  reason: string;
  /** Seconds. */
  duration: number;
  video: boolean;
}

/** Null when the message is none or can not be read. */
export function callEntry(message: Pick<Message, "type" | "content">): CallEntry | null {
  const { type, content } = message;
  if (type !== "call" || typeof content !== "object") return null;
  const { callId, reason, duration, video } = content;
  if (typeof reason !== "string") return null;
  return {
    callId: typeof callId === "string" ? callId : "",
    reason,
    duration: typeof duration === "number" ? duration : 0,
    video: video === true,
  };
}

/** Nobody was reached: to the one who was called it is a missed call. */
export function isMissed(entry: CallEntry, own: boolean): boolean {
  return !own && (entry.reason === "no_answer" || entry.reason === "cancelled" || entry.reason === "busy");
}

/** "Video call · 3 min 5 s", "Voice call · Declined". */
export function entryText(t: Translate, entry: CallEntry, own: boolean): string {
  if (isMissed(entry, own)) return t(entry.video ? "missedVideoCall" : "missedVoiceCall");
  const what = t(entry.video ? "videoCall" : "voiceCall");
  if (entry.reason === "completed") return `${what} · ${spoken(t, entry.duration)}`;
  const why = t(reasonKey(entry.reason));
  return entry.duration > 0 ? `${what} · ${spoken(t, entry.duration)} · ${why}` : `${what} · ${why}`;
}
