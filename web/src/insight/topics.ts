/**
 * The topic over a call: offered when a talk died down, gone when the talk goes on.
 *
 * Pure: time and the milliseconds of talk that were heard come in.
 */
import type { Down } from "../session/wire";

export interface TopicCard {
  prompt: Down<"topic_prompt">;
  /** `small` after it was taken: still to be read, out of the way. */
  size: "open" | "small";
  /** When it took this size. */
  since: number;
  /** How much was said while it was open. */
  talkedMs: number;
}

export interface Topics {
  card: TopicCard | null;
  /** Waved away: none for the rest of the call. */
  over: boolean;
  /** Those that were answered; the server may tell one again after a lost connection. */
  answered: readonly string[];
}

export const NO_TOPICS: Topics = { card: null, over: false, answered: [] };

/** Less takes it away at the first "hm"; more keeps it over a talk that goes on by itself. */
export const TALK_MS = 20_000;
/** Less can not be thought over; more stands over a silence that two people like. */
export const OPEN_MS = 60_000;
/** Long enough to look at the words once more while the talk begins. */
export const SMALL_MS = 30_000;

export function offered(topics: Topics, prompt: Down<"topic_prompt">, now: number): Topics {
  const known = topics.card?.prompt.promptId === prompt.promptId || topics.answered.includes(prompt.promptId);
  if (topics.over || known) return topics;
  return { ...topics, card: { prompt, size: "open", since: now, talkedMs: 0 } };
}

export function used(topics: Topics, now: number): Topics {
  const { card, answered } = topics;
  if (card === null || card.size === "small") return topics;
  return { ...topics, card: { ...card, size: "small", since: now }, answered: [...answered, card.prompt.promptId] };
}

export function wavedAway(topics: Topics): Topics {
  return topics.card === null ? topics : { ...topics, card: null, over: true };
}

/** The small card is put away: nothing is said about the topic by it. */
export function closed(topics: Topics): Topics {
  return topics.card === null ? topics : { ...topics, card: null };
}

export function heardTalk(topics: Topics, ms: number): Topics {
  const { card } = topics;
  if (card === null || card.size === "small" || ms <= 0) return topics;
  const talkedMs = card.talkedMs + ms;
  return talkedMs >= TALK_MS ? closed(topics) : { ...topics, card: { ...card, talkedMs } };
}

export function topicsDeadline({ card }: Topics): number {
  if (card === null) return Infinity;
  return card.since + (card.size === "open" ? OPEN_MS : SMALL_MS);
}

export function agedTopics(topics: Topics, now: number): Topics {
  return now >= topicsDeadline(topics) ? closed(topics) : topics;
}
