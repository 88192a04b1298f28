import { describe, expect, it } from "vitest";
import { message } from "./fixtures";
import { contiguousSeq, gapAfter, isTombstone, merge, stored, textOf, update } from "./timeline";

const seqs = (timeline: readonly { seq: number }[]) => timeline.map(({ seq }) => seq);

describe("merge", () => {
  it("orders by seq whatever the order of arrival", () => {
    expect(seqs(merge(merge([], [message(3), message(1)]), [message(2)]))).toEqual([1, 2, 3]);
  });

  it("keeps one message per seq when live events and history overlap", () => {
    expect(merge([message(1), message(2)], [message(2), message(3)])).toHaveLength(3);
  });

  it("takes the newer version and never goes back to an older one", () => {
    const edited = message(1, { version: 2, content: "edited" });
    expect(merge([message(1)], [edited])[0]?.content).toBe("edited");
    expect(merge([edited], [message(1)])[0]?.content).toBe("edited");
  });

  it("returns the same timeline when there is nothing to add", () => {
    const timeline = [message(1)];
    expect(merge(timeline, [])).toBe(timeline);
  });
});

describe("gaps", () => {
  it("finds the last seq below which nothing is missing", () => {
    expect(contiguousSeq([])).toBe(0);
    expect(contiguousSeq([message(4), message(5), message(8)])).toBe(5);
  });

  it("asks for what is missing between loaded messages", () => {
    expect(gapAfter([message(4), message(5), message(8)], 8)).toBe(5);
  });

  it("asks for what is missing at the end", () => {
    expect(gapAfter([message(1), message(2)], 5)).toBe(2);
    expect(gapAfter([], 3)).toBe(0);
  });

  it("asks for nothing when all is there, older pages aside", () => {
    expect(gapAfter([message(50), message(51)], 51)).toBeNull();
    expect(gapAfter([], 0)).toBeNull();
  });
});

describe("update", () => {
  it("edits a text and notes when", () => {
    const event = { messageId: "m1", matchId: "room", version: 2, content: "new", editedAt: "2026-01-05T11:00:00.000Z" };
    const [edited] = update([message(1)], event);
    expect(edited).toMatchObject({ content: "new", version: 2, editedAt: event.editedAt });
  });

  it("makes a tombstone that keeps its seq", () => {
    const [gone] = update([message(7)], { messageId: "m7", matchId: "room", version: 2, content: "", deleted: true });
    expect(gone?.seq).toBe(7);
    expect(gone !== undefined && isTombstone(gone)).toBe(true);
    expect(gone?.editedAt).toBeUndefined();
  });

  it("leaves an edit mark out of a reaction", () => {
    const event = { messageId: "m1", matchId: "room", version: 2, reactions: { "👍": ["ana"] } };
    const [reacted] = update([message(1)], event);
    expect(reacted?.reactions).toEqual({ "👍": ["ana"] });
    expect(reacted?.editedAt).toBeUndefined();
  });

  it("ignores an older version that comes late", () => {
    const timeline = [message(1, { version: 3, content: "third" })];
    expect(update(timeline, { messageId: "m1", matchId: "room", version: 2, content: "second" })).toEqual(timeline);
  });
});

describe("content", () => {
  it("is text, or nothing for the other types", () => {
    expect(textOf(message(1))).toBe("text 1");
    expect(textOf(message(1, { type: "location", content: { lat: 1, lon: 2 } }))).toBeNull();
  });

  it("starts at version 1 when announced", () => {
    const { version: _, ...event } = message(1);
    expect(stored(event)).toEqual(message(1));
  });
});
