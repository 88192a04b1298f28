import { describe, expect, it } from "vitest";
import type { Down } from "../session/wire";
import { event, JOINED, place } from "./fixtures";
import { applied, entered, heard, placed, type Scene } from "./state";

const scene = entered(JOINED, "m1");
const pose = (more: Partial<Down<"scene_event">> = {}): Down<"scene_event"> =>
  event({ position: place(2, 1), rotation: { x: 0, y: 1, z: 0, w: 0 }, animation: "walk", emotion: "happy", name: "Ben", ...more });
const touch = (more: Partial<Down<"scene_event">> = {}): Down<"scene_event"> => event({
  type: "object_interaction", action: "grab", objectId: 1, kind: "cup", state: "held", owner: 1, position: place(0, 0, 0.75), ...more,
});
const run = (...events: Down<"scene_event">[]): Scene => events.reduce<Scene>((before, one) => applied(before, one, 0) ?? before, scene);

describe("a scene", () => {
  it("begins as the snapshot says", () => {
    expect(scene).toMatchObject({ sceneId: "room", matchId: "m1", mySlot: 0, environment: { time: "dusk" } });
    expect(Object.values(scene.avatars).map(({ name }) => name)).toEqual(["Ana", "Ben"]);
    expect(scene.objects[5]?.value).toBe("off");
  });

  it("follows people, and does not believe what is older", () => {
    const after = run(pose({ version: 3 }), pose({ version: 2, position: place(5, 5) }));
    expect(after.avatars[1]).toMatchObject({ position: { x: 2, z: 1 }, animation: "walk", emotion: "happy", version: 3 });
  });

  it("has those who come and no longer those who leave", () => {
    const came = run(pose({ slot: 2, userId: "cat", name: "Cat", action: "enter", version: 1 }));
    expect(came.avatars[2]?.name).toBe("Cat");
    expect(came.gestures).toEqual({});
    expect(applied(came, pose({ slot: 2, action: "leave" }), 0)?.avatars[2]).toBeUndefined();
  });

  it("believes a newcomer in a seat whose former person had moved on", () => {
    const after = run(pose({ version: 9 }), pose({ action: "leave" }), pose({ userId: "cat", name: "Cat", action: "enter", version: 1 }));
    expect(after.avatars[1]).toMatchObject({ name: "Cat", version: 1 });
  });

  it("is over when another page of the same person takes the seat", () => {
    expect(applied(scene, pose({ slot: 0, userId: "ana", action: "leave", reason: "replaced" }), 0)).toBeNull();
  });

  it("knows who holds what", () => {
    const held = run(touch());
    expect(held.objects[1]).toMatchObject({ state: "held", owner: 1, version: 2 });
    const offered = run(touch(), touch({ action: "offer", state: "offered", offeredTo: 0, version: 3 }));
    expect(offered.objects[1]).toMatchObject({ state: "offered", offeredTo: 0 });
    const taken = run(touch({ version: 5 }), touch({ owner: 0, version: 4 }));
    expect(taken.objects[1]?.owner).toBe(1);
    expect(applied(offered, touch({ action: "drop", state: "free", owner: null, version: 4 }), 0)?.objects[1]).toEqual({
      id: 1, kind: "cup", state: "free", owner: null, version: 4, position: place(0, 0, 0.75),
    });
  });

  it("changes with its environment", () => {
    expect(run(event({ type: "environment_change", key: "time", value: "night" })).environment).toEqual({ time: "night" });
  });

  it("shows a gesture for a while", () => {
    expect(applied(scene, pose({ action: "wave" }), 1_000)?.gestures[1]).toEqual({ action: "wave", until: 3_500 });
  });

  it("takes no notice of other scenes and of half events", () => {
    for (const one of [pose({ sceneId: "else" }), event({}), event({ type: "object_interaction" }), event({ type: "environment_change" })]) {
      expect(run(one)).toEqual(scene);
    }
  });

  it("keeps what was said, with names, and not for ever", () => {
    const said = { sceneId: "room", userId: "ben", slot: 1, message: "hello", position: place(1, 0), emotion: "happy", at: "" };
    const once = heard(scene, said, 1_000);
    expect(once.said).toMatchObject([{ id: 1, name: "Ben", message: "hello", until: 7_300 }]);
    expect(heard(scene, { ...said, sceneId: "else" }, 0)).toBe(scene);
    const many = Array.from({ length: 60 }).reduce<Scene>((before) => heard(before, said, 0), scene);
    expect(many.said.length).toBe(50);
    expect(many.said.at(-1)?.id).toBe(60);
  });

  it("lets one stand where one has walked before the server says so", () => {
    expect(placed(scene, 0, place(-1.2, 0)).avatars[0]?.position.x).toBe(-1.2);
    expect(placed(scene, 7, place(0, 0))).toBe(scene);
  });
});
