/** How much of a time was talk, from the energy of both voices as the browser counts it. Pure. */
import type { Summary } from "../call/statistics";
import { SPEECH_DBFS } from "./gate";

/** The counters at a time in milliseconds. */
export interface Sounding {
  at: number;
  energy: Pick<Summary, "totalAudioEnergy" | "sentAudioEnergy">;
}

/** The mean over a time holds the gaps between words as well, so this is what a voice keeps up, not its peaks. */
const TALK_POWER = 10 ** (SPEECH_DBFS / 10);

/** Milliseconds between the two in which one of the voices was heard: all or nothing. */
export function talkBetween(before: Sounding, after: Sounding): number {
  const ms = after.at - before.at;
  // Energy is the square of the level by seconds (W3C webrtc-stats, totalAudioEnergy); a new connection counts anew.
  const loud = (key: keyof Sounding["energy"]): boolean =>
    after.energy[key] - before.energy[key] >= (TALK_POWER * ms) / 1_000;
  return ms > 0 && (loud("totalAudioEnergy") || loud("sentAudioEnergy")) ? ms : 0;
}
