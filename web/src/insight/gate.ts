/** Whether somebody speaks, from the level of a microphone every few hundredths of a second. Pure. */

/** Root mean square of full scale. Lower hears typing and fans; higher misses a quiet voice far from the microphone. */
export const SPEECH_DBFS = -45;
/** Shorter takes a cough or a door for words; longer tells late of a muted "hello?". */
export const ONSET_MS = 300;
/** The longest gap inside a word or between two. Longer joins single knocks to speech. */
export const GAP_MS = 200;
/** Shorter ends at each breath; longer keeps telling after the person has noticed. */
export const RELEASE_MS = 1_000;

export interface Gate {
  speaking: boolean;
  /** When the sound began that has gone on since; null before any. */
  since: number | null;
  /** When it was last loud. */
  loudAt: number;
}

export const CLOSED: Gate = { speaking: false, since: null, loudAt: -Infinity };

/** `level` in dBFS, `now` in milliseconds. */
export function hear(gate: Gate, level: number, now: number): Gate {
  if (level < SPEECH_DBFS) return gate.speaking && now - gate.loudAt >= RELEASE_MS ? CLOSED : gate;
  const goesOn = gate.since !== null && (gate.speaking || now - gate.loudAt <= GAP_MS);
  const since = goesOn ? (gate.since as number) : now;
  return { speaking: gate.speaking || now - since >= ONSET_MS, since, loudAt: now };
}

/** The level of samples between -1 and 1 in dBFS; -Infinity of silence. */
export function levelOf(samples: ArrayLike<number>): number {
  let power = 0;
  for (let index = 0; index < samples.length; index += 1) power += (samples[index] as number) ** 2;
  return 10 * Math.log10(power / Math.max(1, samples.length));
}
