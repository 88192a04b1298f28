import { describe, expect, it } from "vitest";
import { cause, leg, quality as report } from "./fixtures";
import { aged, barsOf, HOLD_MS, qualityDeadline, reported, STALE_MS, waysOf, worst, type Quality, type Report } from "./quality";

/** What is shown after these reports, each at its time. */
const after = (...reports: [number, Report][]): Quality =>
  reports.reduce<Quality | null>((shown, [now, one]) => reported(shown, one, "ana", now), null) as Quality;

const bad = cause("loss", "bo", "up", "Bo's uplink loses 8 %");

describe("a way", () => {
  it("is as good as the worse of its two halves", () => {
    const legs = [leg("ana", "up", "good"), leg("bo", "down", "poor"), leg("bo", "up", "fair"), leg("ana", "down", "good")];
    expect(waysOf(legs, "ana")).toEqual({ sending: "poor", receiving: "fair" });
    expect(waysOf(legs, "bo")).toEqual({ sending: "fair", receiving: "poor" });
  });

  it("that nobody measures has no level", () => {
    expect(waysOf([], "ana")).toEqual({ sending: null, receiving: null });
    expect(after([0, report([])])).toMatchObject({ sending: null, receiving: null });
    expect(worst([])).toBeNull();
  });

  it("has as many bars as its level is good", () => {
    expect((["good", "fair", "poor", "lost"] as const).map(barsOf)).toEqual([3, 2, 1, 0]);
  });
});

describe("a level", () => {
  const good = report([leg("ana", "up", "good")]);
  const poor = report([leg("ana", "up", "poor")]);

  it("gets worse at once", () => {
    expect(after([0, good], [1_000, poor]).sending?.level).toBe("poor");
  });

  it("gets better only after it has been better for a while", () => {
    expect(after([0, poor], [1_000, good], [2_999, good]).sending?.level).toBe("poor");
    expect(after([0, poor], [1_000, good], [HOLD_MS, good]).sending?.level).toBe("good");
    expect(after([0, poor], [2_000, poor], [4_000, good]).sending?.level).toBe("poor");
  });
});

describe("a cause", () => {
  const [with8, without] = [report([], bad, "move closer"), report([])];

  it("appears at once, with its advice", () => {
    expect(after([0, without], [1_000, with8]).cause).toMatchObject({ cause: bad, advice: "move closer" });
    expect(after([0, report([], bad)]).cause?.advice).toBeNull();
  });

  it("stays for 3 s after it was last told, and then goes, with a report or without", () => {
    expect(after([0, with8], [2_999, without]).cause?.cause).toBe(bad);
    expect(after([0, with8], [HOLD_MS, without]).cause).toBeNull();
    const shown = after([0, with8], [1_000, with8]);
    expect(qualityDeadline(shown)).toBe(1_000 + HOLD_MS);
    expect(aged(shown, 3_999)).toBe(shown);
    expect(aged(shown, 4_000)).toMatchObject({ cause: null });
  });

  it("keeps its wording for 3 s while the amount changes, and is said aloud once", () => {
    const with9 = report([], { ...bad, text: "Bo's uplink loses 9 %" });
    expect(after([0, with8], [1_000, with9], [2_000, with9]).cause?.cause.text).toBe(bad.text);
    const later = after([0, with8], [1_000, with9], [2_000, with9], [3_000, with9]).cause;
    expect(later?.cause.text).toBe("Bo's uplink loses 9 %");
    expect(later?.said).toBe(bad.text);
  });

  it("does not alternate with another one", () => {
    const other = report([], cause("delay", "ana", "up", "Ana's connection takes 400 ms"));
    const texts = [0, 1, 2, 3, 4, 5].map((second) =>
      after(...Array.from({ length: second + 1 }, (_, at): [number, Report] => [at * 1_000, at % 2 ? other : with8])).cause?.cause.kind);
    expect(texts).toEqual(["loss", "loss", "loss", "delay", "delay", "delay"]);
  });
});

it("reports that stop coming leave nothing on the screen", () => {
  const shown = after([0, report([leg("ana", "up", "good")])]);
  expect(qualityDeadline(shown)).toBe(STALE_MS);
  expect(aged(shown, STALE_MS - 1)).toBe(shown);
  expect(aged(shown, STALE_MS)).toBeNull();
});
