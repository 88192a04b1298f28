/** The icebreaker game as the page shows it, read from the open shape of `game_state.state`. */
import type { Down } from "../session/wire";

export type Game = Down<"game_state">;

export interface Question {
  en: string;
  zh: string;
}

export interface GameAnswer {
  userId: string;
  /** Null until both have answered: nobody sees the other's answer before giving one. */
  text: string | null;
}

export interface Round {
  question: Question;
  answers: GameAnswer[];
}

export interface Icebreaker extends Round {
  round: number;
  rounds: number;
  history: Round[];
  finished: boolean;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function question(value: unknown): Question {
  if (typeof value === "string") return { en: value, zh: value };
  const { en, zh } = record(value);
  const english = typeof en === "string" ? en : "";
  return { en: english, zh: typeof zh === "string" ? zh : english };
}

function answers(value: unknown): GameAnswer[] {
  if (!Array.isArray(value)) return [];
  return value.map((item: unknown) => {
    const { userId, text } = record(item);
    return { userId: String(userId), text: typeof text === "string" ? text : null };
  });
}

function round(value: unknown): Round {
  const fields = record(value);
  return { question: question(fields.question), answers: answers(fields.answers) };
}

export function icebreaker(state: unknown): Icebreaker {
  const fields = record(state);
  return {
    ...round(state),
    round: typeof fields.round === "number" ? fields.round : 1,
    rounds: typeof fields.rounds === "number" ? fields.rounds : 1,
    history: Array.isArray(fields.history) ? fields.history.map(round) : [],
    finished: fields.finished === true,
  };
}

/** The newer state of one game, or the other game when it began later. */
export function newerGame(have: Game | null, got: Game): Game {
  return have !== null && have.gameId === got.gameId && have.version >= got.version ? have : got;
}
