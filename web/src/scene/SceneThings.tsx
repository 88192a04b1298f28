import { useStrings } from "../ui/i18n";
import { STRINGS, type StringKey } from "../ui/strings";
import { deedsOf, keyOf, type Deed } from "./deeds";
import { hand } from "./draw";
import type { Scenes } from "./scenes";
import type { AvatarState, ObjectState, Place, Scene } from "./state";
import { inside } from "./walk";

type Translate = ReturnType<typeof useStrings>["t"];

/** The text of a key that is made of a name; the name itself where scenes have things the page has no word for. */
const word = (t: Translate, prefix: string, name: string): string => {
  const key = `${prefix}_${name}`;
  return key in STRINGS.en ? t(key as StringKey) : name;
};

function stateText(t: Translate, scene: Scene, one: ObjectState): string {
  const nameOf = (slot: number | null | undefined): string => scene.avatars[slot ?? -1]?.name ?? "?";
  const [name, other] = [nameOf(one.owner), nameOf(one.offeredTo)];
  const mine = one.owner === scene.mySlot;
  const forMe = one.offeredTo === scene.mySlot;
  switch (one.state) {
    case "held":
      return mine ? t("youHold") : t("theyHold", { name });
    case "offered":
      if (mine) return t("youOffer", { name: other });
      return forMe ? t("theyOffer", { name }) : t("theyOfferOther", { name, other });
    case "asked":
      return mine ? t("youAsk", { name: other }) : t("theyAsk", { name });
    case "agreed":
      return t("together", { name, other });
    case "free":
    case "locked":
    case "shared":
    case "consent":
      return one.value === undefined ? "" : word(t, "value", one.value);
  }
}

function deedText(t: Translate, deed: Deed): string {
  if (deed.kind === "give" || deed.kind === "ask") return t(`deed_${deed.kind}`, { name: deed.name });
  if (deed.kind !== "use") return t(`deed_${deed.kind}`);
  return deed.value === null ? word(t, "use", deed.action) : word(t, "value", deed.value);
}

/** On the floor before somebody's feet. */
function before(scene: Scene, me: AvatarState): Place {
  return inside(scene.definition.bounds, { ...hand(me.position, me), y: me.position.y });
}

function doIt(scenes: Scenes, scene: Scene, one: ObjectState, deed: Deed): void {
  const me = scene.avatars[scene.mySlot];
  switch (deed.kind) {
    case "give":
    case "ask":
      return void scenes.act(one.id, "offer", { arg: deed.slot });
    case "putDown":
      return void scenes.act(one.id, "release", me === undefined ? {} : { position: before(scene, me) });
    case "endTogether":
      return void scenes.act(one.id, "release");
    case "use":
      return void scenes.act(one.id, deed.action, deed.value === null ? {} : { arg: deed.value });
    case "grab":
    case "withdraw":
    case "accept":
    case "decline":
      return void scenes.act(one.id, deed.kind);
  }
}

/** All things of the scene with what one may do with each: everything the map shows, for keyboards and screen readers. */
export function SceneThings({ scenes, scene, online }: { scenes: Scenes; scene: Scene; online: boolean }) {
  const { t } = useStrings();
  return (
    <section className="scene-things" aria-label={t("sceneThings")}>
      <ul>
        {Object.values(scene.objects).map((one) => {
          const state = stateText(t, scene, one);
          const forMe = one.offeredTo === scene.mySlot && (one.state === "offered" || one.state === "asked");
          return (
            <li key={one.id} className={forMe ? "thing for-me" : "thing"} data-testid={`thing-${one.id}`} data-state={one.state}>
              <span className="thing-name">
                <strong>{word(t, "thing", one.kind)}</strong>
                <span className="muted" role={forMe ? "status" : undefined}>{state}</span>
              </span>
              {deedsOf(scene, one).map((deed) => (
                <button
                  className={deed.kind === "accept" ? "button small primary" : "button small"} type="button"
                  key={keyOf(deed)} data-testid={`${keyOf(deed)}-${one.id}`} disabled={!online}
                  onClick={() => doIt(scenes, scene, one, deed)}
                >
                  {deedText(t, deed)}
                </button>
              ))}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
