/** Messages in runs: by day, and within a day by sender. */
import type { Message } from "../session/wire";

/** A longer pause than this begins a new run of the same sender. */
const RUN_MS = 5 * 60_000;

export interface Run {
  key: string;
  from: string;
  /** Set on the first run of a day: the local day as a timestamp. */
  day: string | null;
  messages: Message[];
}

function localDay(timestamp: string): string {
  return new Date(timestamp).toDateString();
}

export function runsOf(timeline: readonly Message[]): Run[] {
  const runs: Run[] = [];
  let previous: Message | undefined;
  for (const message of timeline) {
    const newDay = previous === undefined || localDay(previous.timestamp) !== localDay(message.timestamp);
    const pause = previous === undefined ? 0 : Date.parse(message.timestamp) - Date.parse(previous.timestamp);
    const last = runs.at(-1);
    if (last === undefined || newDay || last.from !== message.from || pause > RUN_MS) {
      const day = newDay ? message.timestamp : null;
      runs.push({ key: String(message.seq), from: message.from, day, messages: [message] });
    } else {
      last.messages.push(message);
    }
    previous = message;
  }
  return runs;
}
