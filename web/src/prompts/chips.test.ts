import { describe, expect, it } from "vitest";
import { addOpeningLines, addSuggestion, putIntoDraft, withoutOpeningLines } from "./chips";

const suggestion = (id: string) => ({
  suggestionId: id, matchId: "room", kind: "topic" as const, text: `idea ${id}`, provider: "builtin", lang: "en",
});

describe("chips", () => {
  it("hold each suggestion once", () => {
    const chips = addSuggestion(addSuggestion([], suggestion("a")), suggestion("a"));
    expect(chips).toEqual([{ id: "a", text: "idea a", kind: "topic", rated: true, opening: false }]);
  });

  it("hold the newest few", () => {
    const chips = [..."abcdefghij"].reduce((all, id) => addSuggestion(all, suggestion(id)), addSuggestion([], suggestion("z")));
    expect(chips).toHaveLength(6);
    expect(chips.at(-1)?.id).toBe("j");
  });

  it("begin with opening lines, which are not rated and go after the first message", () => {
    const chips = addOpeningLines(addSuggestion([], suggestion("a")), ["Tea?", "Tea?", "Coffee?"]);
    expect(addOpeningLines(chips, ["Tea?"])).toHaveLength(chips.length);
    expect(chips[0]).toMatchObject({ text: "Tea?", rated: false });
    expect(withoutOpeningLines(chips).map(({ id }) => id)).toEqual(["a"]);
  });

  it("show an opening line once when it is suggested too, and then rate it", () => {
    const line = suggestion("a").text;
    const suggested = addSuggestion(addOpeningLines([], [line]), suggestion("a"));
    const opened = addOpeningLines(addSuggestion([], suggestion("a")), [line]);
    for (const chips of [suggested, opened]) {
      expect(chips).toEqual([{ id: "a", text: line, kind: "topic", rated: true, opening: true }]);
    }
  });
});

describe("putIntoDraft", () => {
  const chip = { id: "a", text: "Tea?", kind: "topic", rated: true, opening: false };

  it("fills an empty composer", () => {
    expect(putIntoDraft("  ", "Tea?", null)).toBe("Tea?");
  });

  it("replaces the untouched text of another chip", () => {
    expect(putIntoDraft("Tea?", "Coffee?", chip)).toBe("Coffee?");
  });

  it("never throws away what a person wrote", () => {
    expect(putIntoDraft("Hi Bo! ", "Tea?", null)).toBe("Hi Bo! Tea?");
    expect(putIntoDraft("Tea? Or not?", "Coffee?", chip)).toBe("Tea? Or not? Coffee?");
  });
});
