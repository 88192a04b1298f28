/** Calls as a person makes them and as the server tells of them. */
import { LiveInsight } from "../insight/live";
import { MutedVoice } from "../insight/mutedVoice";
import type { Connection } from "../session/connection";
import { errorBody, type Down, type ErrorBody, type ServerEventName, type Up } from "../session/wire";
import { loadDevices, saveDevices } from "./devices";
import type { MediaKind } from "./faults";
import { keep, takeKept } from "./kept";
import type { Devices } from "./media";
import { OpenCall } from "./open";
import { exposeProbe, readStatistics } from "./probe";
import { Ringer } from "./ringer";
import { NO_CALLS, reduce, type Action, type Call, type CallsState, type Kept } from "./state";
import { Watched } from "./store";
import { NO_STREAMS, type Streams } from "./streams";
import { ringOf } from "./views";

type Handlers = { [K in ServerEventName]?: (payload: Down<K>) => void };
type Farewell = { event: "answer_call" | "cancel_call" | "end_call"; callId: string };
type Port = Pick<Connection, "ask" | "request">;

/** A `call_ended` that is later than the end of the ringing by this much is not coming. */
const RING_SLACK_MS = 2_000;

/** How leaving a call in this state is told, and what the end is called until the server has answered. */
function leaving({ role, phase }: Call): { event: Farewell["event"]; reason: "cancelled" | "declined" | "completed" } {
  const unanswered = phase === "preparing" || phase === "ringing";
  if (!unanswered) return { event: "end_call", reason: "completed" };
  return role === "caller" ? { event: "cancel_call", reason: "cancelled" } : { event: "answer_call", reason: "declined" };
}

/** `crypto.randomUUID` exists only on secure pages. */
function clientId(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Calls {
  readonly store = new Watched<CallsState>(NO_CALLS);
  readonly streams = new Watched<Streams>(NO_STREAMS);
  readonly devices = new Watched<Devices>(loadDevices(localStorage));
  /** The devices that are open for the call, which need not be those that were chosen. */
  readonly inUse = new Watched<Devices>({});
  /** How the call is, and what is said of it. */
  readonly insight: LiveInsight;
  readonly #connection: Port;
  readonly #ringer = new Ringer();
  readonly #mutedVoice = new MutedVoice(() => this.#tellMedia());
  #open: OpenCall | null = null;
  #skewMs = 0;
  #silence: ReturnType<typeof setTimeout> | undefined;
  /** A hang-up that the server has not heard. */
  #farewell: Farewell | null = null;

  constructor(connection: Port, me: string) {
    this.#connection = connection;
    this.insight = new LiveInsight({ me, connection, statistics: () => readStatistics(this.#open?.peer ?? null) });
  }

  start(): void {
    window.addEventListener("pagehide", this.#onHide);
    exposeProbe(() => this.#open?.peer ?? null);
  }

  stop(): void {
    window.removeEventListener("pagehide", this.#onHide);
    clearTimeout(this.#silence);
    this.hangUp();
    this.insight.stop();
    this.#ringer.stop();
  }

  // --- what the connection tells ---

  onReady({ serverTime }: Down<"connected">): void {
    this.#skewMs = Date.parse(serverTime) - Date.now() || 0;
    if (this.#farewell !== null) void this.#leave(this.#farewell);
    this.#open?.nudge();
    const kept = takeKept(sessionStorage, Date.now());
    if (kept !== null && this.store.get().current === null) void this.#resume(kept);
  }

  onEvent(name: string, payload: unknown): void {
    const handler = this.#handlers[name as ServerEventName] as ((payload: unknown) => void) | undefined;
    handler?.(payload);
    this.insight.onEvent(name, payload);
  }

  readonly #handlers: Handlers = {
    incoming_call: (event) => {
      this.#dispatch({ type: "incoming", event });
      this.#silenceAt(event.callId, Date.parse(event.expiresAt) - this.#skewMs);
    },
    call_state: (event) => {
      const before = this.store.get().current?.phase;
      this.#dispatch({ type: "state", event, now: Date.now() });
      const { current } = this.store.get();
      if (current?.callId !== event.callId) return;
      if (event.reoffer === true) this.#open?.replaceLink();
      // Who entered only now has not heard whether we are muted.
      if (current.phase !== before) this.#tellMedia();
    },
    call_ended: (event) => this.#dispatch({ type: "ended", event }),
    call_media: (event) => this.#dispatch({ type: "remote", event }),
  };

  #silenceAt(callId: string, when: number): void {
    clearTimeout(this.#silence);
    const left = Math.max(0, when - Date.now()) || 0;
    this.#silence = setTimeout(() => this.#dispatch({ type: "silenced", callId }), left + RING_SLACK_MS);
  }

  // --- what the person does ---

  async call(matchId: string, video: boolean): Promise<void> {
    if (this.store.get().current !== null) return;
    this.#dispatch({ type: "start", matchId, video });
    const open = this.#begin();
    if (!(await open.openDevices(video))) return;
    const { hasMicrophone, hasCamera } = open;
    // Nobody is rung for a call in which this page can neither speak nor show anything.
    if (!hasMicrophone && !hasCamera) return this.#dispatch({ type: "left", reason: null, now: Date.now() });
    await this.#guard(open, async () => {
      const ask = { matchId, audio: hasMicrophone, video: hasCamera, clientId: clientId() };
      const ack = await this.#connection.request("start_call", ask);
      if (open.closed) return this.#leave({ event: "cancel_call", callId: ack.callId });
      this.#dispatch({ type: "started", ack, now: Date.now() });
      if (!open.closed) open.connect(ack.iceServers);
    });
  }

  async accept(video: boolean): Promise<void> {
    const { incoming, current } = this.store.get();
    if (incoming === null || current !== null) return;
    const { callId } = incoming;
    this.#dispatch({ type: "accept", callId, video });
    const open = this.#begin();
    if (!(await open.openDevices(video))) return;
    await this.#guard(open, async () => {
      const ask = { callId, accept: true, audio: open.hasMicrophone, video: open.hasCamera };
      const ack = await this.#connection.request("answer_call", ask);
      if (open.closed) return this.#leave({ event: "end_call", callId });
      this.#dispatch({ type: "answered", ack, now: Date.now() });
      open.connect(ack.iceServers);
    });
  }

  decline(): void {
    const { incoming } = this.store.get();
    if (incoming === null) return;
    const { callId } = incoming;
    this.#dispatch({ type: "silenced", callId });
    void this.#leave({ event: "answer_call", callId });
  }

  /** Also cancels a ring, and declines while the devices are still being opened. */
  hangUp(): void {
    const { current } = this.store.get();
    if (current === null) return;
    const { event, reason } = leaving(current);
    this.#dispatch({ type: "left", reason, now: Date.now() });
    if (current.callId !== null) void this.#leave({ event, callId: current.callId });
  }

  async toggle(kind: MediaKind): Promise<void> {
    await this.#open?.toggle(kind);
  }

  async pick(kind: keyof Devices, deviceId: string): Promise<void> {
    const devices = { ...this.devices.get(), [kind]: deviceId };
    this.devices.set(devices);
    saveDevices(localStorage, devices);
    // Shown at once; opening it may take a moment, and tells in the end what is open.
    if (kind in this.inUse.get()) this.inUse.set({ ...this.inUse.get(), [kind]: deviceId });
    if (kind !== "speaker") await this.#open?.change(kind, deviceId);
  }

  minimise(minimised: boolean): void {
    this.#dispatch({ type: "minimised", minimised });
  }

  overSeen(): void {
    this.#dispatch({ type: "overSeen" });
  }

  // --- inside ---

  #begin(): OpenCall {
    const open = new OpenCall(this.devices.get(), this.streams, {
      call: () => this.store.get().current,
      dispatch: (action) => this.#dispatch(action),
      tellMedia: () => this.#tellMedia(),
      onDevices: (inUse) => this.inUse.set(inUse),
      onMuted: (microphone) => this.#mutedVoice.listen(microphone),
      exchange: (sdp) => this.#connection.ask("webrtc_offer", { callId: this.#callId(), sdp, target: "relay" }),
      onRefused: (error) => this.#giveUp(error),
    });
    this.#open = open;
    return open;
  }

  #callId(): string {
    return this.store.get().current?.callId ?? "";
  }

  /** Shows a refusal of `act`, unless the call is over already. */
  async #guard(open: OpenCall, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!open.closed) this.#dispatch({ type: "refused", error: errorBody(error), now: Date.now() });
    }
  }

  async #resume(kept: Kept): Promise<void> {
    this.#dispatch({ type: "resume", kept });
    const open = this.#begin();
    // The page does not know the ICE servers any more; the relay has an address of its own.
    if (await open.openDevices(kept.video)) open.connect([]);
  }

  #giveUp(error: ErrorBody): void {
    const callId = this.#callId();
    this.#dispatch({ type: "refused", error, now: Date.now() });
    if (error.code !== "gone") void this.#leave({ event: "end_call", callId });
  }

  #tellMedia(): void {
    const { current } = this.store.get();
    if (current === null || current.callId === null || current.phase === "preparing") return;
    const { callId, micOn: audio, cameraOn: video } = current;
    const speaking = !audio && this.#mutedVoice.speaking;
    void this.#connection.ask("call_media", { callId, audio, video, screen: false, speaking });
  }

  /** Tells that this person is out. What is not heard now is told when the connection is back. */
  async #leave(farewell: Farewell): Promise<void> {
    const { event, callId } = farewell;
    this.#farewell = farewell;
    const payload: Up<"answer_call"> = { callId, accept: false };
    const answer = await this.#connection.ask(event, event === "answer_call" ? payload : { callId });
    if (!answer.ok && answer.error.code === "unavailable") return;
    if (this.#farewell === farewell) this.#farewell = null;
    if (answer.ok && "reason" in answer) this.#dispatch({ type: "leftFor", callId, reason: answer.reason });
  }

  #dispatch(action: Action): void {
    const next = reduce(this.store.get(), action);
    if (next.current === null) {
      this.#open?.close();
      this.#open = null;
      this.inUse.set({});
    }
    this.#ringer.play(ringOf(next));
    this.store.set(next);
    this.insight.follow(next.current);
  }

  readonly #onHide = (): void => keep(sessionStorage, this.store.get().current, Date.now());
}
