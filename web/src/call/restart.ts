/**
 * When to make a new offer to the relay, as a pure machine.
 *
 * Contract: `step` takes the policy and what happened with `now` (milliseconds, monotonic) and returns the
 * next policy and what to do. `due` says when to send a `tick`; null means never. At most one offer is under way:
 * after an `act` the caller reports `answered` or `unanswered` before another is asked for.
 */

/** "Disconnected" often heals by itself; shorter would offer for each lost check, longer shows as silence. */
export const GRACE_MS = 2_000;
/** An answered offer that brought no connection: shorter would disturb checks that are still running. */
export const RETRY_MS = 5_000;
/** As many restarts in vain, and the peer connection itself is made anew. */
export const RESTARTS = 3;

export interface Policy {
  up: boolean;
  offering: boolean;
  /** Answered restarts since the connection was up last. */
  tries: number;
  due: number | null;
}

export type Happening =
  | { type: "connection"; state: RTCPeerConnectionState }
  /** The network or the signalling connection came back. */
  | { type: "nudge" }
  /** The server lost this person's leg: only a new peer connection helps. */
  | { type: "lost" }
  | { type: "tick" }
  | { type: "answered" }
  | { type: "unanswered" };

export type Act = "restart" | "replace" | null;

/** The first offer is under way. */
export const FIRST: Policy = { up: false, offering: true, tries: 0, due: null };

function sooner(due: number | null, at: number): number {
  return due === null ? at : Math.min(due, at);
}

function act(policy: Policy, now: number): { policy: Policy; act: Act } {
  if (policy.offering || policy.due === null || policy.due > now) return { policy, act: null };
  const what = policy.tries >= RESTARTS ? "replace" : "restart";
  const tries = what === "replace" ? 0 : policy.tries + 1;
  return { policy: { ...policy, offering: true, tries, due: null }, act: what };
}

export function step(policy: Policy, what: Happening, now: number): { policy: Policy; act: Act } {
  switch (what.type) {
    case "connection":
      return act(connection(policy, what.state, now), now);
    case "nudge":
    case "tick":
      return act(what.type === "nudge" ? { ...policy, due: now } : policy, now);
    case "lost":
      // Whatever is under way goes to a leg that does not exist any more.
      return { policy: { up: false, offering: true, tries: 0, due: null }, act: "replace" };
    case "answered":
    case "unanswered": {
      // An offer that nobody took says nothing about the path: it does not count as a try.
      const tries = what.type === "answered" ? policy.tries : Math.max(0, policy.tries - 1);
      const due = policy.up ? policy.due : sooner(policy.due, now + RETRY_MS);
      return act({ ...policy, offering: false, tries, due }, now);
    }
  }
}

function connection(policy: Policy, state: RTCPeerConnectionState, now: number): Policy {
  switch (state) {
    case "connected":
      return { ...policy, up: true, tries: 0, due: null };
    case "disconnected":
      return { ...policy, up: false, due: sooner(policy.due, now + GRACE_MS) };
    case "failed":
      return { ...policy, up: false, due: now };
    case "new":
    case "connecting":
    case "closed":
      return policy;
  }
}
