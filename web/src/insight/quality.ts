/**
 * The quality of the call that is on, steady enough to be read.
 *
 * Pure: a report a second comes in with its time. What gets worse is shown at once, what gets better after `HOLD_MS`,
 * so that nothing flickers at the edge between two levels.
 */
import type { Down } from "../session/wire";

export type Report = Down<"call_quality">;
export type Leg = Report["legs"][number];
export type Cause = NonNullable<Report["cause"]>;
export type Level = Leg["level"];

/** Shorter flickers; longer blames a path that has recovered. */
export const HOLD_MS = 3_000;
/** Reports come each second. Shorter loses the line at a hiccup; longer shows figures that are no longer true. */
export const STALE_MS = 5_000;

/** A level, and when the last report that was at least as bad came in. */
export interface Steady {
  level: Level;
  at: number;
}

export interface ShownCause {
  cause: Cause;
  advice: string | null;
  /** When this wording appeared. */
  since: number;
  /** When the server last told of it. */
  at: number;
  /** The wording that it appeared with; what is read aloud, once. */
  said: string;
}

export interface Quality {
  at: number;
  legs: readonly Leg[];
  /** The whole way from this person to the others, and back; null while nobody measures it. */
  sending: Steady | null;
  receiving: Steady | null;
  cause: ShownCause | null;
}

const RANK: Record<Level, number> = { good: 0, fair: 1, poor: 2, lost: 3 };

/** 3 good, 2 fair, 1 poor, 0 lost: how many of three bars are filled. */
export function barsOf(level: Level): number {
  return 3 - RANK[level];
}

/** The worst of these; null of none. */
export function worst(levels: readonly Level[]): Level | null {
  return levels.reduce<Level | null>((bad, level) => (bad === null || RANK[level] > RANK[bad] ? level : bad), null);
}

/** Half of a way: this person's part of it, or the others'. */
interface Half {
  userId: string;
  direction: "up" | "down";
  level: Level;
}

/** A way is up from one side and down to the other, and as good as the worse of both. */
export function waysOf(legs: readonly Half[], me: string): { sending: Level | null; receiving: Level | null } {
  const of = (direction: Half["direction"]) => (leg: Half): boolean =>
    leg.userId === me ? leg.direction === direction : leg.direction !== direction;
  const way = (direction: Half["direction"]) => worst(legs.filter(of(direction)).map(({ level }) => level));
  return { sending: way("up"), receiving: way("down") };
}

function steady(before: Steady | null, level: Level | null, now: number): Steady | null {
  if (level === null) return null;
  if (before === null || RANK[level] >= RANK[before.level]) return { level, at: now };
  return now - before.at < HOLD_MS ? before : { level, at: now };
}

/** Whether both blame the same thing; the amounts in the text may differ. */
function sameCause(a: Cause, b: Cause): boolean {
  return a.kind === b.kind && a.userId === b.userId && a.direction === b.direction;
}

function heldCause(before: ShownCause | null, report: Report, now: number): ShownCause | null {
  const { cause, advice = null } = report;
  if (cause === undefined) return before !== null && now - before.at < HOLD_MS ? before : null;
  const fresh = { cause, advice, since: now, at: now, said: cause.text };
  if (before === null) return fresh;
  const same = sameCause(before.cause, cause);
  if (now - before.since < HOLD_MS) return same ? { ...before, at: now } : before;
  return same ? { ...fresh, said: before.said } : fresh;
}

export function reported(before: Quality | null, report: Report, me: string, now: number): Quality {
  const { legs } = report;
  const { sending, receiving } = waysOf(legs, me);
  return {
    at: now,
    legs,
    sending: steady(before?.sending ?? null, sending, now),
    receiving: steady(before?.receiving ?? null, receiving, now),
    cause: heldCause(before?.cause ?? null, report, now),
  };
}

/** What is left of it by now. */
export function aged(quality: Quality, now: number): Quality | null {
  if (now - quality.at >= STALE_MS) return null;
  if (quality.cause === null || now - quality.cause.at < HOLD_MS) return quality;
  return { ...quality, cause: null };
}

/** When `aged` has something to do next. */
export function qualityDeadline({ at, cause }: Quality): number {
  return Math.min(at + STALE_MS, cause === null ? Infinity : cause.at + HOLD_MS);
}
