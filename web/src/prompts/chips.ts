/** Suggestions above the composer: offered to one person, sent by nobody but that person. */
import type { Down } from "../session/wire";

export interface Chip {
  /** The suggestion's id, or a local one for an opening line of a new match. */
  id: string;
  text: string;
  kind: string;
  /** Opening lines that come without an id of the server are not rated. */
  rated: boolean;
  /** A line to begin a new match with. */
  opening: boolean;
}

export type Chips = readonly Chip[];

/** More would push the talk off a small screen. */
const MOST = 6;

/** A suggestion that repeats an opening line takes its place. */
export function addSuggestion(chips: Chips, event: Down<"ai_suggestion">): Chips {
  if (chips.some((chip) => chip.id === event.suggestionId)) return chips;
  const fresh = { id: event.suggestionId, text: event.text, kind: event.kind, rated: true };
  if (chips.some((chip) => chip.text === event.text)) {
    return chips.map((chip) => (chip.text === event.text ? { ...fresh, opening: chip.opening } : chip));
  }
  return [...chips, { ...fresh, opening: false }].slice(-MOST);
}

/** Opening lines come first and only once. */
export function addOpeningLines(chips: Chips, lines: readonly string[]): Chips {
  const known = new Map(chips.map((chip) => [chip.text, chip]));
  const openings = [...new Set(lines)].map((line) => {
    const chip = known.get(line) ?? { id: `opening:${line}`, text: line, kind: "icebreaker", rated: false };
    return { ...chip, opening: true };
  });
  return [...openings, ...chips.filter((chip) => !lines.includes(chip.text))].slice(0, MOST);
}

/** After one's own first message the opening lines have done their work. */
export function withoutOpeningLines(chips: Chips): Chips {
  return chips.some((chip) => chip.opening) ? chips.filter((chip) => !chip.opening) : chips;
}

/** A tapped chip goes into an empty composer, replaces another chip's untouched text, or follows a draft. */
export function putIntoDraft(draft: string, text: string, previous: Chip | null): string {
  if (draft.trim() === "" || draft === previous?.text) return text;
  return `${draft.trimEnd()} ${text}`;
}
