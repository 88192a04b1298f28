/**
 * What the server notices about the people in the call: one line per kind and person, the newest telling of it.
 *
 * Pure. A notice leaves when it is old, when what it says is over, or when the person does not want to see it.
 */
import type { Down } from "../session/wire";

type Event = Down<"call_notice">;
type Kind = Event["kind"];

export interface Notice {
  key: string;
  kind: Kind;
  /** Of whom it tells. */
  userId: string;
  text: string;
  /** When it was last told. */
  at: number;
}

export type Notices = readonly Notice[];

/** Shorter can not be read beside a talk; longer tells of what is long over, since an end is not always told. */
export const FRESH_MS = 10_000;
/** More would hide the other's face on a phone. */
const MOST = 3;

/** What a notice of the one kind makes untrue of the same person. */
const OPPOSITE: Partial<Record<Kind, Kind>> = { video_paused: "video_resumed", video_resumed: "video_paused" };

const keyOf = (kind: Kind, userId: string): string => `${kind} ${userId}`;

function without(notices: Notices, gone: (notice: Notice) => boolean): Notices {
  return notices.some(gone) ? notices.filter((notice) => !gone(notice)) : notices;
}

/** One that is told again stays in its place. */
export function told(notices: Notices, { kind, userId, text }: Event, now: number): Notices {
  const notice = { key: keyOf(kind, userId), kind, userId, text, at: now };
  const rest = without(notices, (one) => one.userId === userId && one.kind === OPPOSITE[kind]);
  if (rest.some(({ key }) => key === notice.key)) return rest.map((one) => (one.key === notice.key ? notice : one));
  return [...rest, notice].slice(-MOST);
}

export function dismissed(notices: Notices, key: string): Notices {
  return without(notices, (notice) => notice.key === key);
}

export function fresh(notices: Notices, now: number): Notices {
  return without(notices, ({ at }) => now - at >= FRESH_MS);
}

export function noticesDeadline(notices: Notices): number {
  return Math.min(...notices.map(({ at }) => at + FRESH_MS));
}

/** Who is back is not being reconnected; of who left nothing is to be said. */
export function afterState(notices: Notices, { participants }: Pick<Down<"call_state">, "participants">): Notices {
  const states = new Map(participants.map(({ userId, state }) => [userId, state]));
  return without(notices, ({ kind, userId }) =>
    states.get(userId) === "left" || (kind === "peer_reconnecting" && states.get(userId) === "joined"));
}

/** What a person says they send ends what was noticed about it. */
export function afterMedia(notices: Notices, media: { userId: string; audio: boolean; video: boolean }): Notices {
  const over: Kind[] = [
    media.audio ? "muted_while_speaking" : "one_way_audio",
    ...(media.video ? [] : (["camera_frozen", "video_paused"] as const)),
  ];
  return without(notices, ({ kind, userId }) => userId === media.userId && over.includes(kind));
}
