import { expect, it } from "vitest";
import { talkBetween, type Sounding } from "./meter";

const at = (ms: number, heard: number, said: number): Sounding =>
  ({ at: ms, energy: { totalAudioEnergy: heard, sentAudioEnergy: said } });

it("talk is a time in which either voice was as loud as speech", () => {
  expect(talkBetween(at(0, 1, 1), at(500, 1.01, 1))).toBe(500);
  expect(talkBetween(at(0, 1, 1), at(500, 1, 1.01))).toBe(500);
  expect(talkBetween(at(0, 1, 1), at(500, 1.000001, 1.000001))).toBe(0);
});

it("neither a new connection, whose counters begin anew, nor no time at all is talk", () => {
  expect(talkBetween(at(0, 1, 1), at(500, 0, 0))).toBe(0);
  expect(talkBetween(at(500, 1, 1), at(500, 1, 1))).toBe(0);
});
