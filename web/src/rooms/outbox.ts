/** Messages that are written but not yet acknowledged. They survive reloads and reconnects. */
import { retryDelayMs } from "../session/retry";
import type { ErrorBody } from "../session/wire";

export interface Draft {
  clientId: string;
  matchId: string;
  content: string;
  /** ISO 8601, the device's clock; replaced by the server's when stored. */
  createdAt: string;
}

export interface Pending extends Draft {
  state: "queued" | "sending" | "failed";
  retries: number;
  /** Not before this moment (milliseconds since the epoch), after a refusal with a wait. */
  notBefore: number;
  error?: ErrorBody;
}

export type Outbox = readonly Pending[];

export function enqueue(outbox: Outbox, draft: Draft): Outbox {
  return [...outbox, { ...draft, state: "queued", retries: 0, notBefore: 0 }];
}

function change(outbox: Outbox, clientId: string, edit: (pending: Pending) => Pending): Outbox {
  return outbox.map((pending) => (pending.clientId === clientId ? edit(pending) : pending));
}

/**
 * What to send now: for each room the oldest message that has not failed, unless it is under way or
 * must wait. One at a time per room, so that a refusal in between can not turn the order around.
 */
export function sendable(outbox: Outbox, now: number): Pending[] {
  const seen = new Set<string>();
  return outbox.filter((pending) => {
    if (pending.state === "failed" || seen.has(pending.matchId)) return false;
    seen.add(pending.matchId);
    return pending.state === "queued" && pending.notBefore <= now;
  });
}

/** Milliseconds until a waiting message may be sent; null when none waits. */
export function nextWaitMs(outbox: Outbox, now: number): number | null {
  const waits = outbox
    .filter((pending) => pending.state === "queued" && pending.notBefore > now)
    .map((pending) => pending.notBefore - now);
  return waits.length === 0 ? null : Math.min(...waits);
}

export function markSending(outbox: Outbox, clientId: string): Outbox {
  return change(outbox, clientId, ({ error: _, ...pending }) => ({ ...pending, state: "sending" }));
}

export function settle(outbox: Outbox, clientId: string): Outbox {
  return outbox.some((pending) => pending.clientId === clientId)
    ? outbox.filter((pending) => pending.clientId !== clientId)
    : outbox;
}

/** A refusal: waits and tries again with the same `clientId` where that can help, else shows it. */
export function refuse(outbox: Outbox, clientId: string, error: ErrorBody, now: number): Outbox {
  return change(outbox, clientId, (pending) => {
    const delay = retryDelayMs(error, pending.retries);
    if (delay === null) return { ...pending, state: "failed", error };
    return { ...pending, state: "queued", retries: pending.retries + 1, notBefore: now + delay, error };
  });
}

/** The connection went away: what was under way is sent again, since its ack may never come. */
export function requeue(outbox: Outbox): Outbox {
  return outbox.map((pending) => (pending.state === "sending" ? { ...pending, state: "queued" } : pending));
}

/** A person asked for another try. */
export function retry(outbox: Outbox, clientId: string): Outbox {
  return change(outbox, clientId, ({ error: _, ...pending }) => ({
    ...pending,
    state: "queued",
    retries: 0,
    notBefore: 0,
  }));
}

/** Reads what an earlier page left; anything that is not an outbox is an empty one. */
export function parseOutbox(text: string | null): Outbox {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "[]");
  } catch {
    return [];
  }
  if (!Array.isArray(value)) return [];
  const whole = value.filter((item: unknown): item is Pending => {
    const entry = item as Partial<Pending> | null;
    return (
      typeof entry?.clientId === "string" &&
      typeof entry.matchId === "string" &&
      typeof entry.content === "string" &&
      typeof entry.createdAt === "string"
    );
  });
  return whole.map(({ clientId, matchId, content, createdAt, state, error }) => ({
    clientId,
    matchId,
    content,
    createdAt,
    state: state === "failed" ? "failed" : "queued",
    retries: 0,
    notBefore: 0,
    ...(error === undefined ? {} : { error }),
  }));
}
