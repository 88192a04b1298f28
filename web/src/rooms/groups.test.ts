import { describe, expect, it } from "vitest";
import { message } from "./fixtures";
import { runsOf } from "./groups";

const at = (seq: number, from: string, timestamp: string) => message(seq, { from, timestamp });

describe("runsOf", () => {
  it("keeps messages of one sender together", () => {
    const runs = runsOf([
      at(1, "bo", "2026-01-05T10:00:00Z"),
      at(2, "bo", "2026-01-05T10:01:00Z"),
      at(3, "ana", "2026-01-05T10:01:30Z"),
    ]);
    expect(runs.map((run) => [run.from, run.messages.length])).toEqual([["bo", 2], ["ana", 1]]);
  });

  it("begins anew after a pause", () => {
    expect(runsOf([at(1, "bo", "2026-01-05T10:00:00Z"), at(2, "bo", "2026-01-05T10:06:00Z")])).toHaveLength(2);
  });

  it("marks the first run of each day", () => {
    const runs = runsOf([
      at(1, "bo", "2026-01-05T12:00:00Z"),
      at(2, "ana", "2026-01-05T12:00:10Z"),
      at(3, "ana", "2026-01-07T12:00:00Z"),
    ]);
    expect(runs.map((run) => run.day !== null)).toEqual([true, false, true]);
  });
});
