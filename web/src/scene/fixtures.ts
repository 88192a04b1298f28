/** A small scene for tests: Ana in seat 0 is this page's person, Ben sits in seat 1. */
import type { Acks } from "../protocol/events";
import type { Down } from "../session/wire";
import type { ObjectState } from "./state";

const facing = { x: 0, y: 0, z: 0, w: 1 };
export const place = (x: number, z: number, y = 0) => ({ x, y, z });

export const avatar = (slot: number, name: string, x: number, z: number) => ({
  slot, userId: name.toLowerCase(), name, position: place(x, z), rotation: facing,
  animation: "idle", emotion: "neutral", version: 1,
});

export const thing = (id: number, state: ObjectState["state"], more: Partial<ObjectState> = {}): ObjectState => ({
  id, kind: "cup", state, owner: null, version: 1, position: place(0, 0, 0.75), ...more,
});

export const JOINED: Acks["join_scene"] = {
  sceneId: "room",
  slot: 0,
  definition: {
    id: "room",
    name: { en: "Room" },
    bounds: [-6, 0, -5, 6, 4, 5],
    objects: [
      { id: 1, kind: "cup", grab: "free", actions: { sip: {} } },
      { id: 5, kind: "lantern", grab: "shared", actions: { use: { values: ["off", "on"] } } },
    ],
    environment: { time: { type: "enum", of: ["dusk", "night"] } },
  },
  snapshot: {
    tick: 0,
    mySlot: 0,
    avatars: [avatar(0, "Ana", -1, 0), avatar(1, "Ben", 1, 0)],
    objects: [thing(1, "free"), thing(5, "shared", { kind: "lantern", value: "off" })],
    environment: { time: "dusk" },
  },
};

export const event = (more: Partial<Down<"scene_event">>): Down<"scene_event"> => ({
  type: "avatar_action", sceneId: "room", userId: "ben", slot: 1, at: "2026-01-05T10:00:00.000Z", version: 2, ...more,
});
