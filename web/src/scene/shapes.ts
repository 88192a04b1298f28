/** Things as they look from above or aside, drawn without any font or picture. `r` is half their size in pixels. */

type Draw = (context: CanvasRenderingContext2D, x: number, y: number, r: number) => void;

const TURN = Math.PI * 2;

function circle(context: CanvasRenderingContext2D, x: number, y: number, radius: number, colour: string): void {
  context.beginPath();
  context.arc(x, y, radius, 0, TURN);
  context.fillStyle = colour;
  context.fill();
}

function box(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, radius: number, colour: string): void {
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
  context.fillStyle = colour;
  context.fill();
}

function stroke(context: CanvasRenderingContext2D, width: number, colour: string, ...points: [number, number][]): void {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.lineWidth = width;
  context.lineCap = "round";
  context.strokeStyle = colour;
  context.stroke();
}

const cup: Draw = (context, x, y, r) => {
  context.beginPath();
  context.arc(x + r * 0.85, y, r * 0.38, 0, TURN);
  context.lineWidth = r * 0.22;
  context.strokeStyle = "#f3f2ef";
  context.stroke();
  circle(context, x, y, r * 0.8, "#f3f2ef");
  circle(context, x, y, r * 0.58, "#5a3622");
};

const rose: Draw = (context, x, y, r) => {
  stroke(context, r * 0.22, "#4f9a5b", [x, y], [x - r * 0.3, y + r * 1.1]);
  stroke(context, r * 0.3, "#4f9a5b", [x - r * 0.15, y + r * 0.65], [x + r * 0.45, y + r * 0.5]);
  circle(context, x, y - r * 0.25, r * 0.65, "#d6274f");
  circle(context, x + r * 0.08, y - r * 0.3, r * 0.38, "#f05b7d");
  circle(context, x, y - r * 0.25, r * 0.15, "#a4143a");
};

const book: Draw = (context, x, y, r) => {
  box(context, x - r, y - r * 0.7, r * 2, r * 1.4, r * 0.15, "#35648f");
  box(context, x - r * 0.88, y - r * 0.58, r * 0.82, r * 1.16, r * 0.08, "#fbf7ea");
  box(context, x + r * 0.06, y - r * 0.58, r * 0.82, r * 1.16, r * 0.08, "#fbf7ea");
};

const lantern: Draw = (context, x, y, r) => {
  stroke(context, r * 0.16, "#3a2c24", [x, y - r * 1.3], [x, y - r * 0.8]);
  box(context, x - r * 0.75, y - r * 0.85, r * 1.5, r * 1.7, r * 0.65, "#e25a3a");
  box(context, x - r * 0.28, y - r * 0.85, r * 0.56, r * 1.7, r * 0.28, "#ffb066");
};

const jukebox: Draw = (context, x, y, r) => {
  box(context, x - r * 0.9, y - r * 1.2, r * 1.8, r * 2.3, r * 0.85, "#8a3f2d");
  box(context, x - r * 0.65, y - r * 0.95, r * 1.3, r * 0.9, r * 0.6, "#ffd36b");
  for (const row of [0.3, 0.6, 0.9]) stroke(context, r * 0.12, "#e9c9a5", [x - r * 0.55, y + r * row], [x + r * 0.55, y + r * row]);
};

const telescope: Draw = (context, x, y, r) => {
  for (const foot of [-0.7, 0, 0.7]) stroke(context, r * 0.16, "#c9cbd6", [x, y], [x + r * foot, y + r * 1.2]);
  stroke(context, r * 0.55, "#dfe3f2", [x - r * 0.7, y + r * 0.35], [x + r * 0.75, y - r * 0.6]);
  stroke(context, r * 0.75, "#8fa3d6", [x + r * 0.6, y - r * 0.5], [x + r * 0.8, y - r * 0.63]);
};

const dance: Draw = (context, x, y, r) => {
  for (const [dx, dy] of [[-0.9, 0.2], [-0.4, -0.3], [0.4, 0.3], [0.9, -0.2]] as const) {
    context.beginPath();
    context.ellipse(x + dx * r, y + dy * r, r * 0.2, r * 0.42, 0.25, 0, TURN);
    context.fillStyle = "rgb(255 255 255 / 75%)";
    context.fill();
  }
};

const unknown: Draw = (context, x, y, r) => box(context, x - r * 0.6, y - r * 0.6, r * 1.2, r * 1.2, r * 0.2, "#f3f2ef");

const SHAPES: Readonly<Record<string, Draw>> = { cup, rose, book, lantern, jukebox, telescope, dance };

export function shape(context: CanvasRenderingContext2D, kind: string, x: number, y: number, r: number): void {
  (SHAPES[kind] ?? unknown)(context, x, y, r);
}
