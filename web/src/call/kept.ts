/** The call that was on when the page was reloaded: within the server's grace one comes back into it. */
import type { Call, Kept } from "./state";

const KEY = "visavis.call";
/** The server waits 30 s for somebody whose connection is gone. */
const GRACE_MS = 30_000;

/** Written only when the page goes, so that a duplicated tab does not take the call along. */
export function keep(storage: Storage, call: Call | null, now: number): void {
  if (call === null || call.callId === null || call.phase === "preparing" || call.phase === "ringing") {
    return storage.removeItem(KEY);
  }
  const { callId, matchId, role, cameraOn: video, activeAt } = call;
  storage.setItem(KEY, JSON.stringify({ callId, matchId, role, video, activeAt, at: now }));
}

/** Takes it out of `storage`; null when there is none or it is too old. */
export function takeKept(storage: Pick<Storage, "getItem" | "removeItem">, now: number): Kept | null {
  const text = storage.getItem(KEY);
  storage.removeItem(KEY);
  try {
    const value = JSON.parse(text ?? "null") as (Partial<Kept> & { at?: unknown }) | null;
    const { callId, matchId, role, video, activeAt, at } = value ?? {};
    if (typeof callId !== "string" || typeof matchId !== "string" || typeof at !== "number") return null;
    if (now - at > GRACE_MS) return null;
    const since = typeof activeAt === "number" ? activeAt : null;
    return { callId, matchId, role: role === "callee" ? "callee" : "caller", video: video === true, activeAt: since };
  } catch {
    return null;
  }
}
