/** Keeps one call connected with the relay: makes offers when `restart` says so, on one peer connection after another. */
import type { Answer, ErrorBody } from "../session/wire";
import { Peer, type Outgoing } from "./peer";
import { FIRST, step, type Happening, type Policy } from "./restart";

export interface LinkListener {
  /** Sends an offer to the relay; its answer or refusal. */
  exchange(sdp: string): Promise<Answer<"webrtc_offer">>;
  onPeer(peer: Peer): void;
  onUp(up: boolean): void;
  /** The first answer on a peer connection is in. */
  onAnswered(): void;
  /** The call can not go on. */
  onRefused(error: ErrorBody): void;
}

/** Refusals that another try would not change. */
const FINAL: ReadonlySet<ErrorBody["code"]> = new Set(["gone", "not_found", "forbidden", "invalid", "too_large", "blocked"]);
const BROKEN: ErrorBody = { code: "internal", message: "", retryable: false };

export class Link {
  #policy: Policy = FIRST;
  #peer: Peer;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  readonly #iceServers: RTCIceServer[];
  readonly #outgoing: Outgoing;
  readonly #listener: LinkListener;

  constructor(iceServers: RTCIceServer[], outgoing: Outgoing, listener: LinkListener) {
    this.#iceServers = iceServers;
    this.#outgoing = { ...outgoing };
    this.#listener = listener;
    this.#peer = this.#open();
    window.addEventListener("online", this.#nudged);
    void this.#offer(false);
  }

  get peer(): Peer {
    return this.#peer;
  }

  async send(kind: keyof Outgoing, track: MediaStreamTrack | null): Promise<void> {
    this.#outgoing[kind] = track;
    await this.#peer.send(kind, track);
  }

  /** The signalling connection is back. */
  nudge(): void {
    this.#step({ type: "nudge" });
  }

  /** The server lost this leg (`reoffer`). */
  replace(): void {
    this.#step({ type: "lost" });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    window.removeEventListener("online", this.#nudged);
    this.#peer.close();
  }

  readonly #nudged = (): void => this.nudge();

  #open(): Peer {
    const peer = new Peer(this.#iceServers, this.#outgoing);
    peer.pc.addEventListener("connectionstatechange", () => {
      if (this.#closed || peer !== this.#peer) return;
      const state = peer.pc.connectionState;
      if (state === "connected") this.#listener.onUp(true);
      if (state === "disconnected" || state === "failed") this.#listener.onUp(false);
      this.#step({ type: "connection", state });
    });
    this.#listener.onPeer(peer);
    return peer;
  }

  #step(what: Happening): void {
    if (this.#closed) return;
    const { policy, act } = step(this.#policy, what, performance.now());
    this.#policy = policy;
    clearTimeout(this.#timer);
    if (policy.due !== null) {
      this.#timer = setTimeout(() => this.#step({ type: "tick" }), Math.max(0, policy.due - performance.now()));
    }
    if (act === "replace") {
      this.#peer.close();
      this.#listener.onUp(false);
      this.#peer = this.#open();
    }
    if (act !== null) void this.#offer(act === "restart");
  }

  async #offer(restart: boolean): Promise<void> {
    const peer = this.#peer;
    const stale = (): boolean => this.#closed || peer !== this.#peer;
    try {
      const sdp = await peer.offer(restart);
      const answer = await this.#listener.exchange(sdp);
      if (stale()) return;
      if (!answer.ok && FINAL.has(answer.error.code)) return this.#listener.onRefused(answer.error);
      if (!answer.ok || answer.sdp === undefined) return this.#step({ type: "unanswered" });
      const first = peer.pc.remoteDescription === null;
      await peer.take(answer.sdp);
      if (stale()) return;
      if (first) this.#listener.onAnswered();
      this.#step({ type: "answered" });
    } catch {
      // The browser does not take its own offer or the relay's answer: no further offer will do better.
      if (!stale()) this.#listener.onRefused(BROKEN);
    }
  }
}
