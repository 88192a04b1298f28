import { describe, expect, it } from "vitest";
import { hear, LAPSE_MS, lapse, tell, TELL_EVERY_MS } from "./typing";

describe("telling", () => {
  it("tells once and again only after three seconds", () => {
    const first = tell(null, false, 1_000);
    expect(first).toEqual({ send: true, told: 1_000 });
    expect(tell(first.told, false, 1_000 + TELL_EVERY_MS - 1).send).toBeNull();
    expect(tell(first.told, false, 1_000 + TELL_EVERY_MS).send).toBe(true);
  });

  it("tells the end once", () => {
    expect(tell(1_000, true, 1_500)).toEqual({ send: false, told: null });
    expect(tell(null, true, 1_600)).toEqual({ send: null, told: null });
  });
});

describe("hearing", () => {
  it("lapses by itself", () => {
    const until = hear({}, "bo", true, 0);
    expect(lapse(until, LAPSE_MS - 1)).toBe(until);
    expect(lapse(until, LAPSE_MS)).toEqual({});
  });

  it("ends when told so, for that person only", () => {
    const until = hear(hear({}, "bo", true, 0), "cy", true, 0);
    expect(Object.keys(hear(until, "bo", false, 10))).toEqual(["cy"]);
  });
});
