import { describe, expect, it } from "vitest";
import { translate, type Params } from "../ui/i18n";
import type { StringKey } from "../ui/strings";
import { leg, summary } from "./fixtures";
import { bitrate, figures, legTitle, levelKey, percent, sharesOf } from "./views";

const t = (key: StringKey, params?: Params) => translate("en", key, params);

describe("figures", () => {
  it("are as short as they can be read", () => {
    expect([0, 0.0004, 0.0006, 0.0834, 0.0994, 0.0996, 0.5].map(percent)).toEqual([
      "0 %", "0 %", "0.1 %", "8.3 %", "9.9 %", "10 %", "50 %",
    ]);
    expect([0, 38_400, 999_400, 999_500, 1_240_000].map(bitrate)).toEqual([
      "0 kbit/s", "38 kbit/s", "999 kbit/s", "1.0 Mbit/s", "1.2 Mbit/s",
    ]);
  });

  it("of a leg are left open where nobody knows them", () => {
    const known = leg("bo", "up", "fair", { mos: 3.42, loss: 0.02, rttMs: 41.6 });
    expect(figures(known)).toEqual({ mos: "3.4", loss: "2.0 %", rtt: "42 ms", bitrate: "40 kbit/s" });
    expect(figures(leg("bo", "up", "good"))).toMatchObject({ mos: "–", rtt: "–" });
  });
});

it("legs and levels have words", () => {
  expect(legTitle(t, leg("ana", "up", "good"), "ana", "Ana")).toBe("You, sending");
  expect(legTitle(t, leg("bo", "down", "good"), "ana", "Bo")).toBe("Bo, receiving");
  expect((["good", "fair", "poor", "lost"] as const).map((level) => t(levelKey(level)))).toEqual([
    "good", "fair", "poor", "cut off",
  ]);
});

describe("shares of the talk", () => {
  const { talk } = summary();

  it("begin with one's own", () => {
    expect(sharesOf(talk, "bo")).toEqual([
      { userId: "bo", own: true, percent: 38 }, { userId: "ana", own: false, percent: 62 },
    ]);
  });

  it("add up to 100, whatever the server rounds", () => {
    const third = { shares: ["ana", "bo", "cy"].map((userId) => ({ userId, share: 0.333 })) };
    expect(sharesOf({ ...talk, ...third }, "ana").map((share) => share.percent)).toEqual([33, 34, 33]);
  });

  it("are none when nobody spoke", () => {
    expect(sharesOf({ ...talk, shares: [{ userId: "ana", share: 0 }] }, "ana")).toEqual([]);
    expect(sharesOf({ ...talk, shares: [] }, "ana")).toEqual([]);
  });
});
