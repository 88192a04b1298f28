import { describe, expect, it } from "vitest";
import { CLOSED, hear, levelOf, ONSET_MS, RELEASE_MS, SPEECH_DBFS, type Gate } from "./gate";

/** The gate after levels 50 ms apart, from `at` on. */
function after(levels: number[], gate: Gate = CLOSED, at = 0): Gate {
  return levels.reduce((open, level, index) => hear(open, level, at + index * 50), gate);
}
const loud = (times: number): number[] => Array<number>(times).fill(-20);
const quiet = (times: number): number[] => Array<number>(times).fill(-70);

describe("speech", () => {
  it("is sound that lasts", () => {
    expect(after(loud(ONSET_MS / 50)).speaking).toBe(false);
    expect(after(loud(ONSET_MS / 50 + 1)).speaking).toBe(true);
  });

  it("may have short gaps, and is no row of knocks", () => {
    expect(after([...loud(3), ...quiet(3), ...loud(2)]).speaking).toBe(true);
    expect(after(Array.from({ length: 8 }, () => [...loud(1), ...quiet(5)]).flat()).speaking).toBe(false);
  });

  it("is no hum below the threshold", () => {
    expect(after(Array<number>(200).fill(SPEECH_DBFS - 1))).toBe(CLOSED);
  });

  it("ends after a second of silence, not at a breath", () => {
    const open = after(loud(10));
    expect(after(quiet(RELEASE_MS / 50 - 1), open, 500).speaking).toBe(true);
    expect(after(quiet(RELEASE_MS / 50), open, 500)).toBe(CLOSED);
    expect(after([...quiet(12), ...loud(1), ...quiet(12)], open, 500).speaking).toBe(true);
  });
});

describe("a level", () => {
  it("is the power of the samples over full scale", () => {
    expect(levelOf([1, -1, 1, -1])).toBe(0);
    expect(levelOf([0.1, -0.1])).toBeCloseTo(-20);
    expect(levelOf([0, 0])).toBe(-Infinity);
    expect(levelOf([])).toBe(-Infinity);
  });
});
