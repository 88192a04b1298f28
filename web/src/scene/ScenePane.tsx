import { useState } from "react";
import { useWatched } from "../call/store";
import { ErrorNote } from "../ui/ErrorNote";
import { BackIcon, SendIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";
import { GESTURES } from "./gestures";
import type { Scenes } from "./scenes";
import { SceneMap } from "./SceneMap";
import { SceneThings } from "./SceneThings";
import type { Scene } from "./state";

const MAX_CHARS = 500;

/** Who is here and how far away: what the map shows of people, in words. */
function People({ scene }: { scene: Scene }) {
  const { t } = useStrings();
  const me = scene.avatars[scene.mySlot];
  const people = Object.values(scene.avatars);
  return (
    <ul className="scene-people" aria-label={t("scenePeople")}>
      {people.map(({ slot, name, position }) => {
        const metres = me === undefined ? 0 : Math.hypot(position.x - me.position.x, position.z - me.position.z);
        const where = slot === scene.mySlot ? t("sceneYou") : t("sceneMetres", { metres: metres.toFixed(1) });
        return (
          <li key={slot} data-testid={`scene-person-${slot}`} data-x={position.x} data-z={position.z}>
            <span dir="auto">{name}</span> <span className="muted">{where}</span>
          </li>
        );
      })}
      {people.length === 1 && <li className="muted">{t("sceneAlone")}</li>}
    </ul>
  );
}

function Talk({ scenes, scene, online }: { scenes: Scenes; scene: Scene; online: boolean }) {
  const { t } = useStrings();
  const [text, setText] = useState("");
  return (
    <>
      <ol className="unseen" role="log" aria-label={t("sceneSaid")} data-testid="scene-log">
        {scene.said.map((said) => <li key={said.id} dir="auto">{said.name}: {said.message}</li>)}
      </ol>
      <form
        className="scene-say"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() === "") return;
          void scenes.say(text.trim()).then((done) => (done ? setText("") : undefined));
        }}
      >
        {GESTURES.map(({ action, emotion, Icon }) => (
          <button
            className="icon-button" type="button" key={action} disabled={!online} data-testid={`gesture-${action}`}
            aria-label={t(`gesture_${action}`)} title={t(`gesture_${action}`)}
            onClick={() => void scenes.gesture(action, emotion)}
          >
            <Icon />
          </button>
        ))}
        <input
          value={text} maxLength={MAX_CHARS} placeholder={t("sceneSay")} aria-label={t("sceneSay")} dir="auto"
          data-testid="scene-say" autoComplete="off" onChange={(event) => setText(event.target.value)}
        />
        <button className="icon-button" type="submit" disabled={!online} aria-label={t("send")} data-testid="scene-send">
          <SendIcon />
        </button>
      </form>
    </>
  );
}

function Inside({ scenes, scene, online }: { scenes: Scenes; scene: Scene; online: boolean }) {
  const { t } = useStrings();
  const times = scene.definition.environment.time?.of ?? [];
  return (
    <>
      <SceneMap scenes={scenes} scene={scene} />
      <div className="scene-side">
        <div className="scene-line">
          <People scene={scene} />
          <select
            aria-label={t("timeOfDay")} data-testid="scene-time" value={String(scene.environment.time)} disabled={!online}
            onChange={(event) => void scenes.setEnvironment("time", event.target.value)}
          >
            {times.map((time) => (
              <option key={time} value={time}>
                {time === "dusk" || time === "night" || time === "dawn" ? t(`time_${time}`) : time}
              </option>
            ))}
          </select>
        </div>
        <Talk scenes={scenes} scene={scene} online={online} />
        <SceneThings scenes={scenes} scene={scene} online={online} />
      </div>
    </>
  );
}

/** The shared place, beside the call; the chat is one button away. */
export function ScenePane({ scenes, onBack }: { scenes: Scenes; onBack: () => void }) {
  const { lang, t } = useStrings();
  const { scene, online, fault } = useWatched(scenes.view);
  const name = scene?.definition.name[lang] ?? t("enterScene");
  return (
    <main className="chat scene" data-testid="scene" data-people={scene === null ? 0 : Object.keys(scene.avatars).length}>
      <header className="bar">
        <button className="icon-button" type="button" data-testid="scene-back" aria-label={t("backToChat")} title={t("backToChat")} onClick={onBack}>
          <BackIcon />
        </button>
        <h2 className="grow clip">{name}</h2>
        <button className="button small" type="button" data-testid="scene-leave" onClick={() => scenes.leave()}>
          {t("leaveScene")}
        </button>
      </header>
      <ErrorNote error={fault ?? undefined} />
      {scene !== null && !online && <p className="connection-bar" role="status">{t("sceneLost")}</p>}
      {scene === null
        ? fault === null && <p className="muted scene-wait" role="status">{t("sceneEntering")}</p>
        : <Inside scenes={scenes} scene={scene} online={online} />}
    </main>
  );
}
