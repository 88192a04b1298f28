/** Walking: from keys or a place that was clicked to the next step. Metres, degrees, milliseconds. */
import type { Place } from "./state";

export const SPEED_M_S = 1.8;
/** A little more than the server insists on, so that an honest walker is not refused. */
export const SPACE_M = 0.65;
const ARRIVED_M = 0.05;

export interface Direction {
  x: number;
  z: number;
}

const KEYS: Readonly<Record<string, Direction>> = {
  ArrowUp: { x: 0, z: -1 },
  ArrowDown: { x: 0, z: 1 },
  ArrowLeft: { x: -1, z: 0 },
  ArrowRight: { x: 1, z: 0 },
};

export const isWalkingKey = (key: string): boolean => key in KEYS;

/** The sum of the keys that are held, of length 1; null when they are none or cancel each other. */
export function directionOf(keys: Iterable<string>): Direction | null {
  let [x, z] = [0, 0];
  for (const key of keys) {
    x += KEYS[key]?.x ?? 0;
    z += KEYS[key]?.z ?? 0;
  }
  const length = Math.hypot(x, z);
  return length === 0 ? null : { x: x / length, z: z / length };
}

/** From a place towards another one; null when one is there. */
export function towards(from: Place, to: Direction): Direction | null {
  const [x, z] = [to.x - from.x, to.z - from.z];
  const length = Math.hypot(x, z);
  return length < ARRIVED_M ? null : { x: x / length, z: z / length };
}

/** Degrees about the vertical; 0 looks along z. */
export function yawOf({ x, z }: Direction): number {
  return Math.round((Math.atan2(x, z) * 180) / Math.PI);
}

/** The yaw of a quaternion that turns about the vertical, in radians. */
export function yawOfRotation({ y, w }: { y: number; w: number }): number {
  return 2 * Math.atan2(y, w);
}

interface Ground {
  bounds: readonly number[];
  others: readonly Place[];
  /** How near one may come to each of the others. */
  space?: number;
}

/** One step; null when a wall or somebody is in the way. Along a wall one slides. */
export function stepped(from: Place, direction: Direction, ms: number, ground: Ground, reach = Infinity): Place | null {
  const metres = Math.min((SPEED_M_S * ms) / 1000, reach);
  const free = { x: from.x + direction.x * metres, y: from.y, z: from.z + direction.z * metres };
  const { x, y, z } = inside(ground.bounds, free);
  const to = { x: millimetres(x), y, z: millimetres(z) };
  if (to.x === from.x && to.z === from.z) return null;
  const space = ground.space ?? SPACE_M;
  const distance = (a: Place, b: Place): number => Math.hypot(a.x - b.x, a.z - b.z);
  // Who stands too near already may go away.
  const blocked = ground.others.some((other) => distance(to, other) < Math.min(space, distance(from, other)));
  return blocked ? null : to;
}

/** The nearest place within the bounds. */
export function inside([minX = 0, minY = 0, minZ = 0, maxX = 0, maxY = 0, maxZ = 0]: readonly number[], { x, y, z }: Place): Place {
  const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
  return { x: clamp(x, minX, maxX), y: clamp(y, minY, maxY), z: clamp(z, minZ, maxZ) };
}

const millimetres = (value: number): number => Math.round(value * 1000) / 1000;
