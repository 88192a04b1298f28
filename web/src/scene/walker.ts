/** Takes steps ten times a second while keys are held or a place is on the way, and says so to the server. */
import { directionOf, isWalkingKey, stepped, towards, yawOf, type Direction } from "./walk";
import type { Place, Scene } from "./state";

const STEP_MS = 100;

export interface Feet {
  scene(): Scene | null;
  /** One stands there now; `yaw` in degrees. */
  stand(position: Place, yaw: number, animation: "walk" | "idle"): void;
}

export class Walker {
  readonly #feet: Feet;
  readonly #keys = new Set<string>();
  #target: Direction | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #yaw = 0;
  #walking = false;

  constructor(feet: Feet) {
    this.#feet = feet;
  }

  /** Whether the key means something here. */
  press(key: string): boolean {
    if (!isWalkingKey(key)) return false;
    this.#keys.add(key);
    this.#target = null;
    this.#begin();
    return true;
  }

  release(key: string): void {
    this.#keys.delete(key);
  }

  goTo(target: Direction): void {
    this.#keys.clear();
    this.#target = target;
    this.#begin();
  }

  /** No further; also when the server has refused a step, or the keys are another part's now. */
  halt(): void {
    this.#keys.clear();
    this.#target = null;
  }

  stop(): void {
    this.halt();
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#walking = false;
  }

  #begin(): void {
    if (this.#timer !== undefined) return;
    this.#step();
    this.#timer = setInterval(() => this.#step(), STEP_MS);
  }

  #step(): void {
    const scene = this.#feet.scene();
    const me = scene?.avatars[scene.mySlot];
    if (scene === null || me === undefined) return this.stop();
    const direction = this.#target === null ? directionOf(this.#keys) : towards(me.position, this.#target);
    const to = direction === null ? null : this.#next(scene, me.position, direction);
    if (direction !== null) this.#yaw = yawOf(direction);
    if (to !== null) {
      this.#walking = true;
      return this.#feet.stand(to, this.#yaw, "walk");
    }
    this.#target = null;
    if (this.#walking) this.#feet.stand(me.position, this.#yaw, "idle");
    this.#walking = false;
    if (this.#keys.size === 0) this.stop();
  }

  #next(scene: Scene, from: Place, direction: Direction): Place | null {
    const others = Object.values(scene.avatars).filter((avatar) => avatar.slot !== scene.mySlot);
    const together = Object.values(scene.objects).some((one) => one.state === "agreed" && this.#isMine(scene, one));
    const ground = {
      bounds: scene.definition.bounds,
      others: others.map((avatar) => avatar.position),
      ...(together ? { space: 0 } : {}),
    };
    const reach = this.#target === null ? Infinity : Math.hypot(this.#target.x - from.x, this.#target.z - from.z);
    return stepped(from, direction, STEP_MS, ground, reach);
  }

  #isMine(scene: Scene, one: Scene["objects"][number]): boolean {
    return one.owner === scene.mySlot || one.offeredTo === scene.mySlot;
  }
}
