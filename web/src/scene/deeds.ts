/** What a person may do with an object now, in the order in which the page offers it. */
import type { ObjectState, Scene } from "./state";

export type Deed =
  | { kind: "grab" | "putDown" | "withdraw" | "accept" | "decline" | "endTogether" }
  | { kind: "give" | "ask"; slot: number; name: string }
  | { kind: "use"; action: string; value: string | null };

export function deedsOf(scene: Scene, one: ObjectState): Deed[] {
  const mine = one.owner === scene.mySlot;
  const forMe = one.offeredTo === scene.mySlot;
  const others = Object.values(scene.avatars).filter((avatar) => avatar.slot !== scene.mySlot);
  switch (one.state) {
    case "free":
      return [{ kind: "grab" }];
    case "held":
      if (!mine) return [];
      return [...others.map(({ slot, name }) => ({ kind: "give" as const, slot, name })), { kind: "putDown" }, ...uses(scene, one)];
    case "offered":
      if (mine) return [{ kind: "withdraw" }, { kind: "putDown" }];
      return forMe ? [{ kind: "accept" }, { kind: "decline" }] : [];
    case "locked":
    case "shared":
      return uses(scene, one);
    case "consent":
      return others.map(({ slot, name }) => ({ kind: "ask" as const, slot, name }));
    case "asked":
      if (mine) return [{ kind: "withdraw" }];
      return forMe ? [{ kind: "accept" }, { kind: "decline" }] : [];
    case "agreed":
      return mine || forMe ? [{ kind: "endTogether" }] : [];
  }
}

function uses(scene: Scene, one: ObjectState): Deed[] {
  const actions = scene.definition.objects.find((thing) => thing.id === one.id)?.actions ?? {};
  return Object.entries(actions).flatMap(([action, { values = [] }]): Deed[] => {
    if (values.length === 0) return [{ kind: "use", action, value: null }];
    return values.filter((value) => value !== one.value).map((value) => ({ kind: "use", action, value }));
  });
}

export const keyOf = (deed: Deed): string => {
  if (deed.kind === "give" || deed.kind === "ask") return `${deed.kind}-${deed.slot}`;
  return deed.kind === "use" ? `${deed.action}-${deed.value ?? ""}` : deed.kind;
};
