/**
 * What the page understands of the call that is on, and of the one that was: quality, notices, topic, summary.
 *
 * Pure: events come in with their time. Of any other call than the one here nothing is kept. `deadline` says when
 * `tick` has something to do next.
 */
import type { Down } from "../session/wire";
import { afterMedia, afterState, dismissed, fresh, noticesDeadline, told, type Notices } from "./notices";
import { aged, qualityDeadline, reported, type Quality, type Report } from "./quality";
import { agedTopics, closed, heardTalk, NO_TOPICS, offered, topicsDeadline, used, wavedAway, type Topics } from "./topics";

export interface Insight {
  /** The call that is on here; null before the server named it and after its end. */
  callId: string | null;
  /** The one that was on last. */
  endedId: string | null;
  quality: Quality | null;
  notices: Notices;
  topics: Topics;
  summary: Down<"call_summary"> | null;
}

export const NO_INSIGHT: Insight = {
  callId: null, endedId: null, quality: null, notices: [], topics: NO_TOPICS, summary: null,
};

interface Media {
  userId: string;
  audio: boolean;
  video: boolean;
}

export type Action =
  /** The call of this id is on here, or none. */
  | { type: "follow"; callId: string | null }
  | { type: "quality"; event: Report; me: string; now: number }
  | { type: "notice"; event: Down<"call_notice">; now: number }
  | { type: "dismiss"; key: string }
  | { type: "state"; event: Down<"call_state"> }
  /** What somebody sends, this person included. */
  | { type: "media"; callId: string; media: Media }
  | { type: "topic"; event: Down<"topic_prompt">; now: number }
  | { type: "use"; now: number }
  | { type: "wave" }
  | { type: "close" }
  /** So much was said since the last time. */
  | { type: "talked"; ms: number }
  | { type: "summary"; event: Down<"call_summary"> }
  | { type: "tick"; now: number };

function follow(state: Insight, callId: string | null): Insight {
  if (callId === state.callId) return state;
  // The server may tell what became of a call before it tells that it is over.
  if (callId === null) return { ...NO_INSIGHT, endedId: state.callId, summary: state.summary };
  return { ...NO_INSIGHT, callId };
}

function withNotices(state: Insight, notices: Notices): Insight {
  return notices === state.notices ? state : { ...state, notices };
}

function withTopics(state: Insight, topics: Topics): Insight {
  return topics === state.topics ? state : { ...state, topics };
}

function tick(state: Insight, now: number): Insight {
  const quality = state.quality === null ? null : aged(state.quality, now);
  const rest = withTopics(withNotices(state, fresh(state.notices, now)), agedTopics(state.topics, now));
  return quality === rest.quality ? rest : { ...rest, quality };
}

/** Which call an action tells of; undefined for what is done here. */
function callOf(action: Action): string | undefined {
  if (action.type === "media") return action.callId;
  return "event" in action ? action.event.callId : undefined;
}

export function reduce(state: Insight, action: Action): Insight {
  const of = callOf(action);
  const mine = of === undefined || of === state.callId || (action.type === "summary" && of === state.endedId);
  if (!mine) return state;
  switch (action.type) {
    case "follow":
      return follow(state, action.callId);
    case "quality":
      return { ...state, quality: reported(state.quality, action.event, action.me, action.now) };
    case "notice":
      return withNotices(state, told(state.notices, action.event, action.now));
    case "dismiss":
      return withNotices(state, dismissed(state.notices, action.key));
    case "state":
      return withNotices(state, afterState(state.notices, action.event));
    case "media":
      return withNotices(state, afterMedia(state.notices, action.media));
    case "topic":
      return withTopics(state, offered(state.topics, action.event, action.now));
    case "use":
      return withTopics(state, used(state.topics, action.now));
    case "wave":
      return withTopics(state, wavedAway(state.topics));
    case "close":
      return withTopics(state, closed(state.topics));
    case "talked":
      return withTopics(state, heardTalk(state.topics, action.ms));
    case "summary":
      return { ...state, summary: action.event };
    case "tick":
      return tick(state, action.now);
  }
}

/** Infinity when nothing here changes by itself. */
export function deadline({ quality, notices, topics }: Insight): number {
  return Math.min(quality === null ? Infinity : qualityDeadline(quality), noticesDeadline(notices), topicsDeadline(topics));
}
