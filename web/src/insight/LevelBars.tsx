import { barsOf, type Level } from "./quality";

/** A level as three bars; the words stand beside it. */
export function LevelBars({ level }: { level: Level }) {
  const filled = barsOf(level);
  return (
    <span className="level-bars" data-level={level} aria-hidden="true">
      {[1, 2, 3].map((bar) => <span key={bar} className={bar <= filled ? "filled" : undefined} />)}
    </span>
  );
}
