/** What a person is told of a call's quality and talk, as functions of what is known. */
import type { Translate } from "../call/views";
import type { Down } from "../session/wire";
import type { StringKey } from "../ui/strings";
import type { Leg, Level } from "./quality";

const LEVELS: Record<Level, StringKey> = {
  good: "levelGood", fair: "levelFair", poor: "levelPoor", lost: "levelLost",
};

export function levelKey(level: Level): StringKey {
  return LEVELS[level];
}

/** "Bo, sending". */
export function legTitle(t: Translate, { userId, direction }: Pick<Leg, "userId" | "direction">, me: string, name: string): string {
  if (userId === me) return t(direction === "up" ? "legUpOwn" : "legDownOwn");
  return t(direction === "up" ? "legUp" : "legDown", { name });
}

/** 0.0834 -> "8.3 %"; what is next to nothing is "0 %". */
export function percent(ratio: number): string {
  const value = ratio * 100;
  if (value < 0.05) return "0 %";
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} %`;
}

/** 1_240_000 -> "1.2 Mbit/s", 38_400 -> "38 kbit/s". */
export function bitrate(bits: number): string {
  if (bits >= 999_500) return `${(bits / 1e6).toFixed(1)} Mbit/s`;
  return `${Math.round(bits / 1_000)} kbit/s`;
}

/** The figures of a leg, as they stand in the table; "–" for what is not known. */
export function figures({ mos, loss, rttMs, bitrate: bits }: Leg): { mos: string; loss: string; rtt: string; bitrate: string } {
  return {
    mos: mos === undefined ? "–" : mos.toFixed(1),
    loss: percent(loss),
    rtt: rttMs === undefined ? "–" : `${Math.round(rttMs)} ms`,
    bitrate: bitrate(bits),
  };
}

export interface Share {
  userId: string;
  own: boolean;
  /** Whole numbers that add up to 100. */
  percent: number;
}

/** One's own first; empty when nobody spoke. */
export function sharesOf({ shares }: Down<"call_summary">["talk"], me: string): Share[] {
  const sum = shares.reduce((all, { share }) => all + Math.max(0, share), 0);
  if (sum <= 0) return [];
  const ordered = [...shares].sort((a, b) => Number(b.userId === me) - Number(a.userId === me));
  let told = 0;
  let exact = 0;
  return ordered.map(({ userId, share }) => {
    exact += (Math.max(0, share) / sum) * 100;
    const whole = Math.round(exact) - told;
    told += whole;
    return { userId, own: userId === me, percent: whole };
  });
}
