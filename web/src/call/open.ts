/** What is open for the call that is on: its devices, and its link to the relay once there is one. */
import type { Answer, ErrorBody } from "../session/wire";
import { faultOf, type MediaFault, type MediaKind } from "./faults";
import { Link } from "./link";
import { LocalMedia, type Devices } from "./media";
import type { Peer } from "./peer";
import type { Action, Call } from "./state";
import type { Watched } from "./store";
import { NO_STREAMS, type Streams } from "./streams";

export interface OpenListener {
  /** The call as it stands. */
  call(): Call | null;
  dispatch(action: Action): void;
  /** What is sent has changed, or a new listener may not know it. */
  tellMedia(): void;
  /** Which devices are open now. */
  onDevices(inUse: Devices): void;
  /** The microphone that is open but muted; null when there is none. */
  onMuted(microphone: MediaStreamTrack | null): void;
  exchange(sdp: string): Promise<Answer<"webrtc_offer">>;
  onRefused(error: ErrorBody): void;
}

export class OpenCall {
  readonly #media: LocalMedia;
  readonly #streams: Watched<Streams>;
  readonly #listener: OpenListener;
  #link: Link | null = null;
  #closed = false;

  constructor(devices: Devices, streams: Watched<Streams>, listener: OpenListener) {
    this.#media = new LocalMedia(devices, (kind) => void this.#replaceLost(kind));
    this.#streams = streams;
    this.#listener = listener;
  }

  get peer(): Peer | null {
    return this.#link?.peer ?? null;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get hasMicrophone(): boolean {
    return this.#media.microphone !== null;
  }

  get hasCamera(): boolean {
    return this.#media.camera !== null;
  }

  /** False when the call was over before the devices were open. */
  async openDevices(video: boolean): Promise<boolean> {
    const faults = await this.#media.open(video).catch((error: unknown) => ({ microphone: faultOf(error) }));
    if (this.#closed) return false;
    const opened = { micOn: this.hasMicrophone, cameraOn: this.hasCamera, faults };
    this.#listener.dispatch({ type: "opened", opened });
    await this.#send("camera");
    return true;
  }

  connect(iceServers: RTCIceServer[]): void {
    const outgoing = { audio: this.#media.microphone, video: this.#media.camera };
    this.#link = new Link(iceServers, outgoing, {
      exchange: (sdp) => this.#listener.exchange(sdp),
      onPeer: (peer) => this.#showRemote(peer),
      onUp: (up) => this.#listener.dispatch({ type: "link", link: up ? "up" : "down", now: Date.now() }),
      onAnswered: () => this.#listener.tellMedia(),
      onRefused: (error) => this.#listener.onRefused(error),
    });
  }

  /** The signalling connection is back. */
  nudge(): void {
    this.#link?.nudge();
  }

  /** The server lost this person's leg. */
  replaceLink(): void {
    this.#link?.replace();
  }

  async toggle(kind: MediaKind): Promise<void> {
    const call = this.#listener.call();
    if (call === null) return;
    const on = !(kind === "microphone" ? call.micOn : call.cameraOn);
    // Muting keeps the microphone open, so that speaking again loses no word; the camera's light goes out.
    if (!on && kind === "camera") this.#media.stop("camera");
    const fault = on && this.#media[kind] === null ? await this.#media.start(kind) : null;
    if (on) this.#fault(kind, fault);
    await this.#turn(kind, on && fault === null);
  }

  async change(kind: MediaKind, deviceId: string): Promise<void> {
    const call = this.#listener.call();
    if (kind === "camera" && call?.cameraOn !== true) return this.#media.choose(kind, deviceId);
    const fault = await this.#media.change(kind, deviceId);
    this.#fault(kind, fault);
    await this.#send(kind);
  }

  close(): void {
    this.#closed = true;
    this.#link?.close();
    this.#listener.onMuted(null);
    this.#media.close();
    this.#streams.set(NO_STREAMS);
  }

  /** A device was pulled out: another one of its kind, or none. */
  async #replaceLost(kind: MediaKind): Promise<void> {
    this.#media.stop(kind);
    const fault = await this.#media.start(kind);
    if (fault === null) return this.#send(kind);
    this.#fault(kind, fault);
    await this.#turn(kind, false);
  }

  #fault(kind: MediaKind, fault: MediaFault | null): void {
    if (!this.#closed) this.#listener.dispatch({ type: "fault", kind, fault });
  }

  async #turn(kind: MediaKind, on: boolean): Promise<void> {
    if (this.#closed) return;
    this.#listener.dispatch(kind === "microphone" ? { type: "mic", on } : { type: "camera", on });
    this.#listener.tellMedia();
    await this.#send(kind);
  }

  /** Puts the track of `kind` as it is now on the wire and on the screen. */
  async #send(kind: MediaKind): Promise<void> {
    if (this.#closed) return;
    this.#listener.onDevices(this.#media.inUse);
    const { microphone, camera } = this.#media;
    if (kind === "microphone") {
      const on = this.#listener.call()?.micOn === true;
      if (microphone !== null) microphone.enabled = on;
      this.#listener.onMuted(on ? null : microphone);
      return this.#link?.send("audio", microphone);
    }
    this.#streams.set({ ...this.#streams.get(), self: camera === null ? null : new MediaStream([camera]) });
    await this.#link?.send("video", camera);
  }

  #showRemote(peer: Peer): void {
    const remoteAudio = new MediaStream([peer.remoteAudio]);
    const remoteVideo = new MediaStream([peer.remoteVideo]);
    this.#streams.set({ ...this.#streams.get(), remoteAudio, remoteVideo });
  }
}
