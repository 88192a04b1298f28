/**
 * The calls of this page: at most one that rings here, one that is on, one that is over.
 *
 * Pure: what the server told, what the person did and what the devices answered come in as actions;
 * sounds, sockets and devices are elsewhere. A call of another id than the one here changes nothing.
 */
import type { Acks } from "../protocol/events";
import type { Down, ErrorBody } from "../session/wire";
import type { MediaFault, MediaKind } from "./faults";

export type EndReason = Down<"call_ended">["reason"];
/** As the server names them, and before: microphone and camera are being opened. */
export type Phase = "preparing" | "ringing" | "connecting" | "active" | "reconnecting";
/** This page's own path to the relay. */
export type LinkState = "new" | "up" | "down";
export type Participant = Down<"call_state">["participants"][number];

export type Incoming = Pick<Down<"incoming_call">, "callId" | "matchId" | "from" | "video">;

export interface RemoteMedia {
  audio: boolean;
  video: boolean;
}

export interface Call {
  matchId: string;
  /** Null until the server took the ring. */
  callId: string | null;
  role: "caller" | "callee";
  phase: Phase;
  /** Whether it began as a video call. */
  video: boolean;
  /** Milliseconds since the epoch; null before anybody could be heard. */
  activeAt: number | null;
  link: LinkState;
  micOn: boolean;
  cameraOn: boolean;
  /** What the devices or the browser refused. */
  faults: Readonly<Partial<Record<MediaKind, MediaFault>>>;
  participants: readonly Participant[];
  /** What the others said they send, by user id. */
  remote: Readonly<Record<string, RemoteMedia>>;
  minimised: boolean;
}

export interface Over {
  callId: string | null;
  matchId: string;
  video: boolean;
  /** Null when the server told no reason: it refused (`error`), or this page gave up (`faults`). */
  reason: EndReason | null;
  /** Seconds. */
  duration: number;
  error: ErrorBody | null;
  faults: Call["faults"];
}

export interface CallsState {
  incoming: Incoming | null;
  current: Call | null;
  over: Over | null;
}

export const NO_CALLS: CallsState = { incoming: null, current: null, over: null };

export interface Opened {
  micOn: boolean;
  cameraOn: boolean;
  faults: Call["faults"];
}

/** What is kept over a reload of the page. */
export interface Kept {
  callId: string;
  matchId: string;
  role: Call["role"];
  video: boolean;
  activeAt: number | null;
}

export type Action =
  | { type: "incoming"; event: Down<"incoming_call"> }
  /** It rang long enough, or was declined here. */
  | { type: "silenced"; callId: string }
  | { type: "start"; matchId: string; video: boolean }
  | { type: "accept"; callId: string; video: boolean }
  | { type: "resume"; kept: Kept }
  | { type: "opened"; opened: Opened }
  | { type: "started"; ack: Pick<Acks["start_call"], "callId" | "state">; now: number }
  | { type: "answered"; ack: Pick<Acks["answer_call"], "state">; now: number }
  | { type: "state"; event: Down<"call_state">; now: number }
  | { type: "ended"; event: Down<"call_ended"> }
  /** The server refused to start, answer or go on. */
  | { type: "refused"; error: ErrorBody; now: number }
  /** Hung up, cancelled or given up here; the server's word on it follows. */
  | { type: "left"; reason: EndReason | null; now: number }
  /** What the server answered to it. */
  | { type: "leftFor"; callId: string; reason: EndReason }
  | { type: "link"; link: LinkState; now: number }
  | { type: "mic"; on: boolean }
  | { type: "camera"; on: boolean }
  | { type: "fault"; kind: MediaKind; fault: MediaFault | null }
  | { type: "remote"; event: Down<"call_media"> }
  | { type: "minimised"; minimised: boolean }
  | { type: "overSeen" };

function newCall(matchId: string, role: Call["role"], video: boolean, callId: string | null): Call {
  return {
    matchId, callId, role, video, phase: "preparing", activeAt: null, link: "new",
    micOn: true, cameraOn: video, faults: {}, participants: [], remote: {}, minimised: false,
  };
}

/** Seconds since the call became active. */
function durationOf(call: Call, now: number): number {
  return call.activeAt === null ? 0 : Math.max(0, (now - call.activeAt) / 1000);
}

function finish(
  state: CallsState, call: Call, end: { reason?: EndReason | null; duration: number; error?: ErrorBody },
): CallsState {
  const { callId, matchId, video, faults } = call;
  const { reason = null, duration, error = null } = end;
  return { ...state, current: null, over: { callId, matchId, video, reason, duration, error, faults } };
}

function inCurrent(state: CallsState, edit: (call: Call) => Call): CallsState {
  return state.current === null ? state : { ...state, current: edit(state.current) };
}

/** The call moved on to what the server calls `name`; `ended` is told by `call_ended`. */
function moved(call: Call, name: Down<"call_state">["state"], now: number): Call {
  if (name === "ended") return call;
  const activeAt = call.activeAt ?? (name === "active" ? now : null);
  return { ...call, phase: name, activeAt };
}

/** After a reload nobody says how the call stands; connected, it goes on. */
function linked(call: Call, link: LinkState, now: number): Call {
  const untold = call.phase === "reconnecting" && call.participants.length === 0;
  return untold && link === "up" ? { ...moved(call, "active", now), link } : { ...call, link };
}

function incoming(state: CallsState, event: Down<"incoming_call">): CallsState {
  const { callId, matchId, from, video } = event;
  // Both ring at once: the answer to our own ring tells whether it is the same call.
  if (state.current !== null && state.current.callId !== null) return state;
  if (state.incoming?.callId === callId) return state;
  return { ...state, incoming: { callId, matchId, from, video } };
}

function started(state: CallsState, action: Extract<Action, { type: "started" }>): CallsState {
  const { current } = state;
  if (current === null) return state;
  const { callId, state: name } = action.ack;
  const rest = { ...state, incoming: state.incoming?.callId === callId ? null : state.incoming };
  const call = { ...current, callId };
  if (name === "ended") return finish(rest, call, { reason: "busy", duration: 0 });
  return { ...rest, current: moved(call, name, action.now) };
}

function ended(state: CallsState, event: Down<"call_ended">): CallsState {
  const { callId, reason, duration } = event;
  if (state.incoming?.callId === callId) return { ...state, incoming: null };
  if (state.current?.callId === callId) return finish(state, state.current, { reason, duration });
  if (state.over?.callId === callId) return { ...state, over: { ...state.over, reason, duration, error: null } };
  return state;
}

export function reduce(state: CallsState, action: Action): CallsState {
  switch (action.type) {
    case "incoming":
      return incoming(state, action.event);
    case "silenced":
      return state.incoming?.callId === action.callId ? { ...state, incoming: null } : state;
    case "start":
      if (state.current !== null) return state;
      return { ...state, over: null, current: newCall(action.matchId, "caller", action.video, null) };
    case "accept": {
      const ring = state.incoming;
      if (ring?.callId !== action.callId || state.current !== null) return state;
      return { incoming: null, over: null, current: newCall(ring.matchId, "callee", action.video, ring.callId) };
    }
    case "resume": {
      const { matchId, role, video, callId, activeAt } = action.kept;
      if (state.current !== null) return state;
      return { ...state, current: { ...newCall(matchId, role, video, callId), phase: "reconnecting", activeAt } };
    }
    case "opened":
      return inCurrent(state, (call) => ({ ...call, ...action.opened }));
    case "started":
      return started(state, action);
    case "answered":
      return inCurrent(state, (call) => moved(call, action.ack.state, action.now));
    case "state": {
      const { callId, participants, state: name } = action.event;
      if (state.current === null || state.current.callId !== callId) return state;
      return { ...state, current: { ...moved(state.current, name, action.now), participants } };
    }
    case "ended":
      return ended(state, action.event);
    case "refused": {
      if (state.current === null) return state;
      return finish(state, state.current, { error: action.error, duration: durationOf(state.current, action.now) });
    }
    case "left": {
      if (state.current === null) return state;
      const { reason } = action;
      return finish(state, state.current, { reason, duration: durationOf(state.current, action.now) });
    }
    case "leftFor":
      if (state.over?.callId !== action.callId) return state;
      return { ...state, over: { ...state.over, reason: action.reason } };
    case "link":
      return inCurrent(state, (call) => linked(call, action.link, action.now));
    case "mic":
      return inCurrent(state, (call) => ({ ...call, micOn: action.on }));
    case "camera":
      return inCurrent(state, (call) => ({ ...call, cameraOn: action.on }));
    case "fault":
      return inCurrent(state, (call) => {
        const { [action.kind]: _, ...faults } = call.faults;
        return { ...call, faults: action.fault === null ? faults : { ...faults, [action.kind]: action.fault } };
      });
    case "remote": {
      const { callId, userId, audio, video } = action.event;
      if (state.current === null || state.current.callId !== callId) return state;
      return inCurrent(state, (call) => ({ ...call, remote: { ...call.remote, [userId]: { audio, video } } }));
    }
    case "minimised":
      return inCurrent(state, (call) => ({ ...call, minimised: action.minimised }));
    case "overSeen":
      return { ...state, over: null };
  }
}
