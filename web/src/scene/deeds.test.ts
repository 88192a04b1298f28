import { describe, expect, it } from "vitest";
import { deedsOf, keyOf } from "./deeds";
import { JOINED, thing } from "./fixtures";
import { entered, type ObjectState } from "./state";

const scene = entered(JOINED, "m1");
const keys = (one: ObjectState): string[] => deedsOf(scene, one).map(keyOf);
const [mine, theirs, forMe] = [{ owner: 0 }, { owner: 1 }, { owner: 1, offeredTo: 0 }];

describe("what one may do with a thing", () => {
  it("that is free: take it", () => {
    expect(keys(thing(1, "free"))).toEqual(["grab"]);
  });

  it("in one's own hand: give it, put it down, use it; in another's: nothing", () => {
    expect(keys(thing(1, "held", mine))).toEqual(["give-1", "putDown", "sip-"]);
    expect(keys(thing(1, "held", theirs))).toEqual([]);
  });

  it("that is offered: change one's mind, or answer", () => {
    expect(keys(thing(1, "offered", { ...mine, offeredTo: 1 }))).toEqual(["withdraw", "putDown"]);
    expect(keys(thing(1, "offered", forMe))).toEqual(["accept", "decline"]);
    expect(keys(thing(1, "offered", { owner: 1, offeredTo: 2 }))).toEqual([]);
  });

  it("that stands there: what it does besides what it does now", () => {
    expect(keys(thing(5, "shared", { value: "off" }))).toEqual(["use-on"]);
    expect(keys(thing(9, "locked"))).toEqual([]);
  });

  it("that takes two: ask, answer, stop", () => {
    expect(keys(thing(7, "consent"))).toEqual(["ask-1"]);
    expect(keys(thing(7, "asked", { ...mine, offeredTo: 1 }))).toEqual(["withdraw"]);
    expect(keys(thing(7, "asked", forMe))).toEqual(["accept", "decline"]);
    expect(keys(thing(7, "asked", { owner: 1, offeredTo: 2 }))).toEqual([]);
    expect(keys(thing(7, "agreed", forMe))).toEqual(["endTogether"]);
    expect(keys(thing(7, "agreed", { owner: 1, offeredTo: 2 }))).toEqual([]);
  });
});
