/** The scene from above, on a canvas: x to the right, z down. */
import type { AvatarState, ObjectState, Place, Scene } from "./state";
import { shape } from "./shapes";
import { yawOfRotation } from "./walk";

export interface Shown {
  scene: Scene;
  /** Where each person is drawn: on the way to where they are believed to be. */
  at: Readonly<Record<number, Place>>;
}

interface View {
  context: CanvasRenderingContext2D;
  /** Pixels a metre, and where the origin is. */
  scale: number;
  left: number;
  top: number;
}

const SKIES: Readonly<Record<string, { sky: string; floor: string; plank: string; light: string }>> = {
  dusk: { sky: "#4a3b63", floor: "#b98f78", plank: "#a67f6a", light: "rgb(255 190 120 / 22%)" },
  night: { sky: "#141a33", floor: "#4b5070", plank: "#434866", light: "rgb(150 170 255 / 10%)" },
  dawn: { sky: "#7d9cc4", floor: "#d9c3ab", plank: "#cbb49b", light: "rgb(255 235 200 / 25%)" },
};
const COLOURS = ["#f08aa9", "#7fb8ff", "#8fd694", "#f2c14e", "#c79bf2", "#f28f5b", "#6fd3cf", "#d8d8e0"];
const TURN = Math.PI * 2;
const HAND_M = 0.34;

export const colourOf = (slot: number): string => COLOURS[slot % COLOURS.length] ?? "#d8d8e0";

export function paint(canvas: HTMLCanvasElement, { scene, at }: Shown): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const view = viewOf(canvas, context, scene.definition.bounds);
  ground(canvas, view, scene);
  const things = Object.values(scene.objects);
  for (const one of things.filter((thing) => thing.owner === null || thing.state === "asked" || thing.state === "agreed")) {
    thing(view, one, pixel(view, one.position));
  }
  for (const avatar of Object.values(scene.avatars)) {
    person(view, avatar, at[avatar.slot] ?? avatar.position, avatar.slot === scene.mySlot);
  }
  for (const one of things.filter((held) => held.state === "held" || held.state === "offered")) {
    const holder = one.owner === null ? undefined : scene.avatars[one.owner];
    if (holder !== undefined) thing(view, one, pixel(view, hand(at[holder.slot] ?? holder.position, holder)));
  }
}

/** Where the canvas was clicked, in metres. */
export function placeAt(canvas: HTMLCanvasElement, bounds: readonly number[], clientX: number, clientY: number): { x: number; z: number } {
  const box = canvas.getBoundingClientRect();
  const { scale, left, top } = fit(box.width, box.height, bounds);
  return { x: (clientX - box.left - left) / scale, z: (clientY - box.top - top) / scale };
}

/** Where a place is, in hundredths of the canvas's size. */
export function percentOf(width: number, height: number, bounds: readonly number[], place: Place): { left: number; top: number } {
  const { scale, left, top } = fit(width, height, bounds);
  return { left: ((left + place.x * scale) / width) * 100, top: ((top + place.z * scale) / height) * 100 };
}

/** Where something in somebody's hand is. */
export function hand(at: Place, { rotation }: Pick<AvatarState, "rotation">): Place {
  const yaw = yawOfRotation(rotation);
  return { x: at.x + Math.sin(yaw) * HAND_M, y: at.y + 1, z: at.z + Math.cos(yaw) * HAND_M };
}

function fit(width: number, height: number, bounds: readonly number[]): { scale: number; left: number; top: number } {
  const [minX = -1, , minZ = -1, maxX = 1, , maxZ = 1] = bounds;
  const margin = 0.6;
  const scale = Math.min(width / (maxX - minX + 2 * margin), height / (maxZ - minZ + 2 * margin));
  return { scale, left: width / 2 - ((minX + maxX) / 2) * scale, top: height / 2 - ((minZ + maxZ) / 2) * scale };
}

function viewOf(canvas: HTMLCanvasElement, context: CanvasRenderingContext2D, bounds: readonly number[]): View {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, ...fit(width, height, bounds) };
}

function pixel({ scale, left, top }: View, place: Place): { x: number; y: number } {
  return { x: left + place.x * scale, y: top + place.z * scale };
}

function ground(canvas: HTMLCanvasElement, view: View, scene: Scene): void {
  const { context, scale } = view;
  const sky = SKIES[String(scene.environment.time)] ?? { sky: "#333", floor: "#777", plank: "#6d6d6d", light: "transparent" };
  context.fillStyle = sky.sky;
  context.fillRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  stars(canvas, context, Number(scene.environment.stars ?? 0));
  const [minX = 0, , minZ = 0, maxX = 0, , maxZ = 0] = scene.definition.bounds;
  const from = pixel(view, { x: minX, y: 0, z: minZ });
  const [width, height] = [(maxX - minX) * scale, (maxZ - minZ) * scale];
  rounded(context, from.x, from.y, width, height, 0.35 * scale);
  context.fillStyle = sky.floor;
  context.fill();
  context.save();
  context.clip();
  context.strokeStyle = sky.plank;
  context.lineWidth = 1.5;
  for (let y = from.y; y < from.y + height; y += 0.5 * scale) line(context, from.x, y, from.x + width, y);
  context.fillStyle = sky.light;
  context.fillRect(from.x, from.y, width, height);
  context.restore();
  table(view);
}

function table(view: View): void {
  const { context, scale } = view;
  const { x, y } = pixel(view, { x: 0, y: 0, z: 0 });
  disc(context, x, y + 0.05 * scale, 0.58 * scale, "rgb(0 0 0 / 25%)");
  disc(context, x, y, 0.56 * scale, "#6d4a35");
  disc(context, x, y, 0.5 * scale, "#7d573f");
}

function stars(canvas: HTMLCanvasElement, context: CanvasRenderingContext2D, brightness: number): void {
  context.fillStyle = `rgb(255 255 255 / ${Math.round(brightness * 90)}%)`;
  // The same sky for everybody: places out of a fixed sequence.
  for (let n = 1; n <= 90; n += 1) {
    const [x, y] = [(n * 0.754_877) % 1, (n * 0.569_84) % 1];
    context.fillRect(x * canvas.clientWidth, y * canvas.clientHeight, n % 7 === 0 ? 2 : 1.2, n % 7 === 0 ? 2 : 1.2);
  }
}

function thing(view: View, one: ObjectState, { x, y }: { x: number; y: number }): void {
  const { context, scale } = view;
  if (one.kind === "dance") {
    disc(context, x, y, 1.1 * scale, one.state === "agreed" ? "rgb(240 138 169 / 45%)" : "rgb(255 255 255 / 14%)");
  }
  if (one.value === "on") disc(context, x, y, 1.3 * scale, "rgb(255 214 120 / 30%)");
  if (one.state === "offered") disc(context, x, y, 0.3 * scale, "rgb(255 255 255 / 65%)");
  shape(context, one.kind, x, y, Math.max(9, 0.2 * scale));
}

function person({ context, scale, left, top }: View, avatar: AvatarState, at: Place, mine: boolean): void {
  const [x, y, radius] = [left + at.x * scale, top + at.z * scale, 0.27 * scale];
  const yaw = yawOfRotation(avatar.rotation);
  const [dx, dy] = [Math.sin(yaw), Math.cos(yaw)];
  disc(context, x, y + 0.06 * scale, radius, "rgb(0 0 0 / 30%)");
  disc(context, x + dx * radius * 0.75, y + dy * radius * 0.75, radius * 0.42, colourOf(avatar.slot));
  disc(context, x, y, radius, colourOf(avatar.slot));
  if (mine) {
    context.strokeStyle = "#fff";
    context.lineWidth = 2.5;
    context.stroke();
  }
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = "#1d1d24";
  context.font = `600 ${Math.max(11, 0.26 * scale)}px system-ui, sans-serif`;
  context.fillText([...avatar.name][0]?.toUpperCase() ?? "?", x, y);
  context.font = `600 ${Math.max(11, 0.22 * scale)}px system-ui, sans-serif`;
  context.lineWidth = 3;
  context.strokeStyle = "rgb(0 0 0 / 65%)";
  context.strokeText(avatar.name, x, y + radius + 0.2 * scale);
  context.fillStyle = "#fff";
  context.fillText(avatar.name, x, y + radius + 0.2 * scale);
}

function disc(context: CanvasRenderingContext2D, x: number, y: number, radius: number, colour: string): void {
  context.beginPath();
  context.arc(x, y, radius, 0, TURN);
  context.fillStyle = colour;
  context.fill();
}

function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

function rounded(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, radius: number): void {
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
}
