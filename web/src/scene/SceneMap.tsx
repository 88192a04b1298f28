import { useEffect, useRef, useState } from "react";
import { useStrings } from "../ui/i18n";
import { paint, percentOf, placeAt } from "./draw";
import { gestureOf } from "./gestures";
import type { Scenes } from "./scenes";
import type { Place, Scene } from "./state";

/** Of the way that is left, so much is gone in a frame of 60 a second; others' steps come ten times a second. */
const EASE = 0.18;
const NEAR_M = 0.005;
const JUMP_M = 3;

/** Draws while something moves; one frame each time the scene has changed otherwise. */
function usePainting(scene: Scene, canvas: React.RefObject<HTMLCanvasElement | null>): void {
  const shown = useRef<Record<number, Place>>({});
  useEffect(() => {
    let frame = 0;
    const draw = (): void => {
      const moving = follow(shown.current, scene);
      if (canvas.current !== null) paint(canvas.current, { scene, at: shown.current });
      if (moving) frame = requestAnimationFrame(draw);
    };
    frame = requestAnimationFrame(draw);
    const observer = new ResizeObserver(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(draw);
    });
    if (canvas.current !== null) observer.observe(canvas.current);
    return () => {
      observer.disconnect();
      cancelAnimationFrame(frame);
    };
  }, [scene, canvas]);
}

/** Moves everybody nearer to where they are; whether somebody is still on the way. */
function follow(shown: Record<number, Place>, scene: Scene): boolean {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  let moving = false;
  for (const { slot, position } of Object.values(scene.avatars)) {
    const at = shown[slot] ?? position;
    const left = Math.hypot(position.x - at.x, position.z - at.z);
    const there = still || left < NEAR_M || left > JUMP_M;
    moving ||= !there;
    shown[slot] = there
      ? position
      : { x: at.x + (position.x - at.x) * EASE, y: position.y, z: at.z + (position.z - at.z) * EASE };
  }
  return moving;
}

/** What was said and shown a moment ago, above its people. Read aloud from the log beside it instead. */
function Bubbles({ scene, size }: { scene: Scene; size: { width: number; height: number } }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  if (size.width === 0) return null;
  const at = (slot: number, place: Place): React.CSSProperties => {
    const { left, top } = percentOf(size.width, size.height, scene.definition.bounds, scene.avatars[slot]?.position ?? place);
    return { left: `${Math.min(88, Math.max(12, left))}%`, top: `${Math.max(10, top)}%` };
  };
  const latest = new Map(scene.said.filter((said) => said.until > now).map((said) => [said.slot, said]));
  return (
    <div className="bubbles" aria-hidden="true">
      {[...latest.values()].map((said) => (
        <span className="scene-bubble" key={said.slot} style={at(said.slot, said.position)} data-testid={`bubble-${said.slot}`} dir="auto">
          {said.message}
        </span>
      ))}
      {Object.values(scene.avatars).map(({ slot, position }) => {
        const gesture = scene.gestures[slot];
        if (gesture === undefined || gesture.until <= now || latest.has(slot)) return null;
        const known = gestureOf(gesture.action);
        return (
          <span className="scene-bubble scene-gesture" key={slot} style={at(slot, position)}>
            {known === undefined ? gesture.action : <known.Icon />}
          </span>
        );
      })}
    </div>
  );
}

/** The scene from above. One walks by the arrow keys while it has the focus, or by a click. */
export function SceneMap({ scenes, scene }: { scenes: Scenes; scene: Scene }) {
  const { t } = useStrings();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  usePainting(scene, canvas);

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  return (
    <div className="scene-map">
      <canvas
        ref={canvas} tabIndex={0} role="application" aria-label={t("sceneMap")} data-testid="scene-map"
        onKeyDown={(event) => {
          if (!event.ctrlKey && !event.metaKey && !event.altKey && scenes.walker.press(event.key)) event.preventDefault();
        }}
        onKeyUp={(event) => scenes.walker.release(event.key)}
        onBlur={() => scenes.walker.halt()}
        onPointerDown={(event) => {
          event.currentTarget.focus();
          scenes.walker.goTo(placeAt(event.currentTarget, scene.definition.bounds, event.clientX, event.clientY));
        }}
      />
      <Bubbles scene={scene} size={size} />
      <span className="scene-hint" aria-hidden="true">{t("sceneHint")}</span>
    </div>
  );
}
