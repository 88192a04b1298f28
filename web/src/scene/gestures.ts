/** What one may show of oneself with a button: a gesture, and the mood that stays. */

export const GESTURES = [
  { action: "wave", emotion: "friendly", emoji: "👋" },
  { action: "laugh", emotion: "happy", emoji: "😄" },
  { action: "blush", emotion: "shy", emoji: "☺️" },
] as const;

export const emojiOf = (action: string): string => GESTURES.find((gesture) => gesture.action === action)?.emoji ?? "✨";
