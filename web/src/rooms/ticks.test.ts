import { describe, expect, it } from "vitest";
import { advance, ticksOf } from "./ticks";

describe("ticks", () => {
  const cursors = { bo: { deliveredSeq: 5, readSeq: 3 }, cy: { deliveredSeq: 4, readSeq: 2 } };

  it("go from sent over delivered to read", () => {
    expect([3, 5, 6].map((seq) => ticksOf(seq, ["bo"], cursors))).toEqual(["read", "delivered", "sent"]);
  });

  it("wait for everybody in a group", () => {
    expect([2, 3, 4, 5].map((seq) => ticksOf(seq, ["bo", "cy"], cursors))).toEqual(["read", "delivered", "delivered", "sent"]);
  });

  it("say sent for somebody unknown and for nobody", () => {
    expect(ticksOf(1, ["dee"], cursors)).toBe("sent");
    expect(ticksOf(1, [], cursors)).toBe("sent");
  });
});

describe("advance", () => {
  it("never goes back", () => {
    const cursors = advance({}, "bo", { deliveredSeq: 5, readSeq: 3 });
    expect(advance(cursors, "bo", { deliveredSeq: 4, readSeq: 2 })).toBe(cursors);
  });

  it("counts what was read as delivered", () => {
    expect(advance({}, "bo", { deliveredSeq: 0, readSeq: 3 })).toEqual({ bo: { deliveredSeq: 3, readSeq: 3 } });
  });
});
