import { describe, expect, it } from "vitest";
import { icebreaker, newerGame, type Game } from "./game";

const game = (version: number, gameId = "g1"): Game => ({
  gameId, matchId: "room", game: "icebreaker", state: {}, turn: null, version,
});

describe("icebreaker", () => {
  it("reads the state of a running game", () => {
    const question = { en: "Tea?", zh: "茶？" };
    const state = { round: 2, rounds: 5, question, answers: [{ userId: "bo", text: null }], history: [], finished: false };
    expect(icebreaker(state)).toEqual(state);
  });

  it("reads a finished game, which has no question", () => {
    const history = [{ question: { en: "Tea?", zh: "茶？" }, answers: [{ userId: "bo", text: "yes" }] }];
    const state = icebreaker({ round: 5, rounds: 5, question: null, answers: [], history, finished: true });
    expect(state).toMatchObject({ finished: true, history, question: { en: "", zh: "" } });
  });

  it("takes English where Chinese is missing, and nothing for nonsense", () => {
    expect(icebreaker({ question: { en: "Tea?" } }).question.zh).toBe("Tea?");
    expect(icebreaker({ question: "Tea?" }).question).toEqual({ en: "Tea?", zh: "Tea?" });
    expect(icebreaker(null)).toMatchObject({ round: 1, rounds: 1, answers: [], history: [], finished: false });
  });
});

describe("newerGame", () => {
  it("keeps the newer state of one game", () => {
    expect(newerGame(game(3), game(2)).version).toBe(3);
    expect(newerGame(game(3), game(4)).version).toBe(4);
  });

  it("takes another game whatever its version", () => {
    expect(newerGame(game(9), game(1, "g2")).gameId).toBe("g2");
    expect(newerGame(null, game(1)).gameId).toBe("g1");
  });
});
