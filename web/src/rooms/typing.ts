/** Typing, both ways: how often it is told, and when another's lapses. */

/** The server lets typing lapse after 6 s, so this keeps it alive with one event lost. */
export const TELL_EVERY_MS = 3_000;
export const LAPSE_MS = 6_000;

/** What this device last told: null when it told nothing or that typing stopped. */
export type Told = number | null;

/** After a change of the composer: what to tell (null: nothing) and the new memory. */
export function tell(told: Told, empty: boolean, now: number): { send: boolean | null; told: Told } {
  if (empty) return { send: told === null ? null : false, told: null };
  if (told !== null && now - told < TELL_EVERY_MS) return { send: null, told };
  return { send: true, told: now };
}

/** When each person's typing lapses, by user id. */
export type TypingUntil = Readonly<Record<string, number>>;

export function hear(until: TypingUntil, userId: string, typing: boolean, now: number): TypingUntil {
  const { [userId]: _, ...others } = until;
  return typing ? { ...others, [userId]: now + LAPSE_MS } : others;
}

export function lapse(until: TypingUntil, now: number): TypingUntil {
  const left = Object.entries(until).filter(([, end]) => end > now);
  return left.length === Object.keys(until).length ? until : Object.fromEntries(left);
}
