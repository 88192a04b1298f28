/** What one may show of oneself with a button: a gesture, and the mood that stays. */
import type { ReactNode } from "react";
import { BlushIcon, LaughIcon, WaveIcon } from "../ui/icons";

interface Gesture {
  action: "wave" | "laugh" | "blush";
  emotion: string;
  Icon: () => ReactNode;
}

export const GESTURES: readonly Gesture[] = [
  { action: "wave", emotion: "friendly", Icon: WaveIcon },
  { action: "laugh", emotion: "happy", Icon: LaughIcon },
  { action: "blush", emotion: "shy", Icon: BlushIcon },
];

export const gestureOf = (action: string): Gesture | undefined => GESTURES.find((gesture) => gesture.action === action);
