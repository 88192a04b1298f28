/** How far one's own message got, from the other members' cursors. */

export type Ticks = "sent" | "delivered" | "read";

export interface Cursor {
  deliveredSeq: number;
  readSeq: number;
}

/** By user id, the other members only. */
export type Cursors = Readonly<Record<string, Cursor>>;

/** Cursors only move forward, whatever order their events arrive in; reading implies delivery. */
export function advance(cursors: Cursors, userId: string, cursor: Cursor): Cursors {
  const have = cursors[userId] ?? { deliveredSeq: 0, readSeq: 0 };
  const readSeq = Math.max(have.readSeq, cursor.readSeq);
  const deliveredSeq = Math.max(have.deliveredSeq, cursor.deliveredSeq, readSeq);
  if (readSeq === have.readSeq && deliveredSeq === have.deliveredSeq) return cursors;
  return { ...cursors, [userId]: { deliveredSeq, readSeq } };
}

/** In a group a message is delivered or read when every other member has it. */
export function ticksOf(seq: number, others: readonly string[], cursors: Cursors): Ticks {
  if (others.length === 0) return "sent";
  if (others.every((userId) => (cursors[userId]?.readSeq ?? 0) >= seq)) return "read";
  if (others.every((userId) => (cursors[userId]?.deliveredSeq ?? 0) >= seq)) return "delivered";
  return "sent";
}
