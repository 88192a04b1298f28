/** A scene as the page believes it to be: the snapshot, and every event since, applied. */
import type { Acks } from "../protocol/events";
import type { Down } from "../session/wire";

type Joined = Acks["join_scene"];
export type AvatarState = Joined["snapshot"]["avatars"][number];
export type ObjectState = Joined["snapshot"]["objects"][number];
export type Place = AvatarState["position"];
export type Value = string | number | boolean;

/** What the page reads of a scene's definition. */
export interface Definition {
  id: string;
  name: Readonly<Record<string, string>>;
  bounds: readonly number[];
  objects: readonly { id: number; kind: string; grab: string; actions?: Readonly<Record<string, { values?: readonly string[] }>> }[];
  environment: Readonly<Record<string, { type: string; of?: readonly string[] }>>;
}

export interface Said {
  id: number;
  slot: number;
  userId: string;
  name: string;
  message: string;
  emotion: string;
  position: Place;
  /** Milliseconds since 1970 after which the bubble is gone. */
  until: number;
}

export interface Scene {
  sceneId: string;
  matchId: string;
  mySlot: number;
  definition: Definition;
  avatars: Readonly<Record<number, AvatarState>>;
  objects: Readonly<Record<number, ObjectState>>;
  environment: Readonly<Record<string, Value>>;
  said: readonly Said[];
  /** Who made which gesture last, to be shown until `until`. */
  gestures: Readonly<Record<number, { action: string; until: number }>>;
}

const BUBBLE_MS = 6_000;
const BUBBLE_MS_PER_CHAR = 60;
const GESTURE_MS = 2_500;
const KEPT = 50;

const byKey = <K extends string | number, T>(list: readonly T[], key: (one: T) => K): Record<K, T> =>
  Object.fromEntries(list.map((one) => [key(one), one])) as Record<K, T>;

export function entered(joined: Joined, matchId: string): Scene {
  const { snapshot } = joined;
  return {
    sceneId: joined.sceneId,
    matchId,
    mySlot: joined.slot,
    definition: joined.definition as unknown as Definition,
    avatars: byKey(snapshot.avatars, (avatar) => avatar.slot),
    objects: byKey(snapshot.objects, (one) => one.id),
    environment: snapshot.environment as Record<string, Value>,
    said: [],
    gestures: {},
  };
}

/** Applies one event; null when this page is out of the scene, because another one of the same person took over. */
export function applied(scene: Scene, event: Down<"scene_event">, now: number): Scene | null {
  if (event.sceneId !== scene.sceneId) return scene;
  switch (event.type) {
    case "avatar_action":
      return avatarApplied(scene, event, now);
    case "object_interaction":
      return objectApplied(scene, event);
    case "environment_change": {
      if (event.key === undefined || event.value === undefined) return scene;
      return { ...scene, environment: { ...scene.environment, [event.key]: event.value } };
    }
  }
}

function avatarApplied(scene: Scene, event: Down<"scene_event">, now: number): Scene | null {
  const { slot, userId, position, rotation, version, action } = event;
  if (action === "leave") {
    if (slot === scene.mySlot) return null;
    const { [slot]: _gone, ...avatars } = scene.avatars;
    return { ...scene, avatars };
  }
  const before = scene.avatars[slot];
  if (position === undefined || rotation === undefined) return scene;
  if (before?.userId === userId && version < before.version) return scene;
  const { name = userId, animation = "idle", emotion = "neutral" } = event;
  const avatar = { slot, userId, name, position, rotation, animation, emotion, version };
  const gestures = action === undefined || action === "enter"
    ? scene.gestures
    : { ...scene.gestures, [slot]: { action, until: now + GESTURE_MS } };
  return { ...scene, avatars: { ...scene.avatars, [slot]: avatar }, gestures };
}

function objectApplied(scene: Scene, event: Down<"scene_event">): Scene {
  const { objectId, kind, state, position, version, owner = null } = event;
  if (objectId === undefined || kind === undefined || state === undefined || position === undefined) return scene;
  if (version < (scene.objects[objectId]?.version ?? 0)) return scene;
  const one: ObjectState = { id: objectId, kind, state, owner, version, position };
  if (event.offeredTo !== undefined) one.offeredTo = event.offeredTo;
  if (typeof event.value === "string") one.value = event.value;
  return { ...scene, objects: { ...scene.objects, [objectId]: one } };
}

export function heard(scene: Scene, said: Down<"scene_message">, now: number): Scene {
  if (said.sceneId !== scene.sceneId) return scene;
  const { slot, userId, message, emotion, position } = said;
  const bubble = {
    id: (scene.said.at(-1)?.id ?? 0) + 1, slot, userId, message, emotion, position,
    name: scene.avatars[slot]?.name ?? userId,
    until: now + BUBBLE_MS + message.length * BUBBLE_MS_PER_CHAR,
  };
  return { ...scene, said: [...scene.said.slice(-(KEPT - 1)), bubble] };
}

/** Where somebody is now believed to stand: of oneself, where one has just walked. */
export function placed(scene: Scene, slot: number, position: Place): Scene {
  const avatar = scene.avatars[slot];
  return avatar === undefined ? scene : { ...scene, avatars: { ...scene.avatars, [slot]: { ...avatar, position } } };
}
