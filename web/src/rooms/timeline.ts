/** The messages of a room in order of `seq`: merging, holes, changes. */
import type { Down, Message } from "../session/wire";

/** Ascending by `seq`, each `seq` once. */
export type Timeline = readonly Message[];

/** The newer of two versions of one message; equal versions keep the one that is there. */
function newer(have: Message, got: Message): Message {
  return got.version > have.version ? got : have;
}

/** Adds messages in any order; a `seq` that is there already is replaced only by a newer version. */
export function merge(timeline: Timeline, messages: readonly Message[]): Timeline {
  if (messages.length === 0) return timeline;
  const bySeq = new Map(timeline.map((message) => [message.seq, message]));
  for (const message of messages) {
    const have = bySeq.get(message.seq);
    bySeq.set(message.seq, have === undefined ? message : newer(have, message));
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** The message that `new_message` announces, as it would stand in the history. */
export function stored(event: Down<"new_message">): Message {
  return { ...event, version: 1 };
}

/** Applies an edit, deletion or reaction unless a newer version is there already. */
export function update(timeline: Timeline, event: Down<"message_updated">): Timeline {
  return timeline.map((message) => {
    if (message.messageId !== event.messageId || event.version <= message.version) return message;
    const { matchId: _, ...changes } = event;
    const editedAt = changes.editedAt ?? (changes.content !== undefined ? message.timestamp : message.editedAt);
    const next: Message = { ...message, ...changes };
    if (editedAt !== undefined && !event.deleted) next.editedAt = editedAt;
    return next;
  });
}

/**
 * The last `seq` below which nothing is missing, counted from the oldest message that is loaded.
 * A rejoin with `since` at this point brings everything that is not here. 0 for an empty timeline.
 */
export function contiguousSeq(timeline: Timeline): number {
  let last = timeline[0]?.seq ?? 0;
  for (const { seq } of timeline) {
    if (seq > last + 1) break;
    last = seq;
  }
  return last;
}

/** Where to fetch from (`after`) when messages are missing between loaded ones or up to `lastSeq`; else null. */
export function gapAfter(timeline: Timeline, lastSeq: number): number | null {
  const contiguous = contiguousSeq(timeline);
  return contiguous < lastSeq ? contiguous : null;
}

/** The text of a message, or null for the types that are not text. */
export function textOf(message: Pick<Message, "content">): string | null {
  return typeof message.content === "string" ? message.content : null;
}

/** Whether the place of a message is kept but its content is gone. */
export function isTombstone(message: Message): boolean {
  return message.deleted === true || (message as { destructed?: boolean }).destructed === true;
}
