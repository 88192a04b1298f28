/** Which refusals are worth another try, and after how long. */
import type { ErrorBody } from "./wire";

/** Tries after a refusal that the server calls retryable. */
export const MAX_RETRIES = 4;
/** A person waits this long for a button; longer waits are shown instead. */
export const LONGEST_QUIET_WAIT_MS = 10_000;

/** Milliseconds until the same request may be sent again, or null when it is to be shown as failed. */
export function retryDelayMs(error: ErrorBody, retries: number): number | null {
  if (error.code === "rate_limited") {
    const wait = error.retryAfterMs ?? 1_000;
    return wait <= LONGEST_QUIET_WAIT_MS && retries < MAX_RETRIES ? wait : null;
  }
  if (!error.retryable || retries >= MAX_RETRIES) return null;
  return error.retryAfterMs ?? 500 * 2 ** retries;
}
