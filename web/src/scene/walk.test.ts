import { describe, expect, it } from "vitest";
import { place } from "./fixtures";
import { directionOf, inside, isWalkingKey, SPACE_M, SPEED_M_S, stepped, towards, yawOf, yawOfRotation } from "./walk";

const bounds = [-6, 0, -5, 6, 4, 5];
const free = { bounds, others: [] };

describe("keys", () => {
  it("are the arrows", () => {
    expect(["ArrowUp", "ArrowLeft", "a", " ", "Tab"].map(isWalkingKey)).toEqual([true, true, false, false, false]);
  });

  it("add up to a direction of length one", () => {
    expect(directionOf(["ArrowRight"])).toEqual({ x: 1, z: 0 });
    const diagonal = directionOf(["ArrowRight", "ArrowUp", "x"]);
    expect(Math.hypot(diagonal?.x ?? 0, diagonal?.z ?? 0)).toBeCloseTo(1);
    expect(directionOf(["ArrowRight", "ArrowLeft"])).toBeNull();
    expect(directionOf([])).toBeNull();
  });
});

describe("a step", () => {
  it("is as long as the time allows, and no longer than the way", () => {
    expect(stepped(place(0, 0), { x: 1, z: 0 }, 100, free)?.x).toBeCloseTo(SPEED_M_S / 10);
    expect(stepped(place(0, 0), { x: 0, z: -1 }, 100, free, 0.05)?.z).toBeCloseTo(-0.05);
  });

  it("ends at a wall and slides along it", () => {
    expect(stepped(place(5.9, 0), { x: 1, z: 0 }, 1000, free)?.x).toBe(6);
    expect(stepped(place(6, 0), { x: 1, z: 0 }, 100, free)).toBeNull();
    expect(stepped(place(6, 0), { x: 0.7, z: 0.7 }, 100, free)).toMatchObject({ x: 6 });
  });

  it("puts what is beyond a wall before it", () => {
    expect(inside(bounds, place(-6.3, 4.9, 1))).toEqual(place(-6, 4.9, 1));
  });

  it("does not come too near to anybody", () => {
    const others = [place(1, 0)];
    expect(stepped(place(1 - SPACE_M - 0.01, 0), { x: 1, z: 0 }, 100, { bounds, others })).toBeNull();
    expect(stepped(place(1 - SPACE_M - 0.01, 0), { x: 1, z: 0 }, 100, { bounds, others, space: 0.1 })).not.toBeNull();
  });

  it("leads away from somebody who is too near already", () => {
    const others = [place(0.3, 0)];
    expect(stepped(place(0, 0), { x: -1, z: 0 }, 100, { bounds, others })).not.toBeNull();
    expect(stepped(place(0, 0), { x: 1, z: 0 }, 100, { bounds, others })).toBeNull();
  });
});

describe("directions", () => {
  it("lead to a place until one is there", () => {
    expect(towards(place(0, 0), { x: 0, z: 2 })).toEqual({ x: 0, z: 1 });
    expect(towards(place(0, 0), { x: 0.01, z: 0 })).toBeNull();
  });

  it("are told as a yaw that the quaternion gives back", () => {
    expect([yawOf({ x: 0, z: 1 }), yawOf({ x: 1, z: 0 }), yawOf({ x: -1, z: 0 })]).toEqual([0, 90, -90]);
    expect(yawOfRotation({ y: Math.SQRT1_2, w: Math.SQRT1_2 })).toBeCloseTo(Math.PI / 2);
  });
});
