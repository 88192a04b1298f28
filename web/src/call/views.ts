/** What a person is told about a call, as functions of its state. */
import type { Params } from "../ui/i18n";
import type { StringKey } from "../ui/strings";
import type { Call, CallsState, EndReason, Over } from "./state";

/** Which tone this page plays. */
export type Ring = "incoming" | "outgoing" | null;

export function ringOf({ incoming, current }: CallsState): Ring {
  if (current === null) return incoming === null ? null : "incoming";
  return current.phase === "ringing" && current.role === "caller" ? "outgoing" : null;
}

/** Whose path is broken: one's own, the other's, or nobody's. */
export function troubleOf(call: Call, me: string, online: boolean): "own" | "other" | null {
  if (call.phase === "preparing" || call.phase === "ringing") return null;
  if (call.link === "down" || !online) return "own";
  if (call.phase !== "reconnecting") return null;
  const away = call.participants.filter(({ state }) => state === "reconnecting");
  return away.some(({ userId }) => userId !== me) ? "other" : "own";
}

const PHASES: Record<Exclude<Call["phase"], "active">, StringKey> = {
  preparing: "callPreparing",
  ringing: "callRinging",
  connecting: "callConnecting",
  reconnecting: "callReconnecting",
};

/** The state in words; null while the timer says it all. */
export function phaseKey(call: Call): StringKey | null {
  return call.phase === "active" ? null : PHASES[call.phase];
}

const REASONS: Record<EndReason, StringKey> = {
  completed: "endCompleted",
  declined: "endDeclined",
  cancelled: "endCancelled",
  no_answer: "endNoAnswer",
  busy: "endBusy",
  answered_elsewhere: "endAnsweredElsewhere",
  declined_elsewhere: "endDeclinedElsewhere",
  blocked: "endBlocked",
  not_allowed: "endNotAllowed",
  failed: "endFailed",
  connection_lost: "endConnectionLost",
  max_duration: "endMaxDuration",
  moderated: "endModerated",
  server_shutdown: "endServerShutdown",
  replaced: "endReplaced",
};

/** The reason in words; the general word for one this page does not know. */
export function reasonKey(reason: string | null): StringKey {
  return (REASONS as Partial<Record<string, StringKey>>)[reason ?? ""] ?? "endCompleted";
}

/** Whether another try makes sense, and is not a nuisance. */
export function mayCallAgain(over: Over): boolean {
  const { reason, error } = over;
  if (error !== null) return error.code !== "blocked" && error.code !== "forbidden";
  return reason === null || reason === "no_answer" || reason === "failed" || reason === "connection_lost" || reason === "busy";
}

/** 65 -> "1:05", 3665 -> "1:01:05". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

export type Translate = (key: StringKey, params?: Params) => string;

/** "3 min 5 s", as one would say it. */
export function spoken(t: Translate, duration: number): string {
  const seconds = Math.max(0, Math.round(duration));
  if (seconds < 60) return t("durationSeconds", { seconds });
  if (seconds < 3600) return t("durationMinutes", { minutes: Math.floor(seconds / 60), seconds: seconds % 60 });
  return t("durationHours", { hours: Math.floor(seconds / 3600), minutes: Math.floor((seconds % 3600) / 60) });
}
