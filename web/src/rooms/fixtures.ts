/** Messages for tests. */
import type { Message } from "../session/wire";

export function message(seq: number, changes: Partial<Message> = {}): Message {
  const minute = String(seq % 60).padStart(2, "0");
  return {
    messageId: `m${seq}`,
    matchId: "room",
    from: "bo",
    type: "text",
    content: `text ${seq}`,
    timestamp: `2026-01-05T10:${minute}:00.000Z`,
    seq,
    version: 1,
    ...changes,
  };
}
