/** The microphone and the camera of this page while a call is on. */
import { faultOf, type MediaFault, type MediaKind } from "./faults";

export interface Devices {
  microphone?: string;
  camera?: string;
  speaker?: string;
}

/** A larger picture costs the sender's processor more than it gives a face. */
const CAMERA: MediaTrackConstraints = {
  width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 }, facingMode: "user",
};
const MICROPHONE: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export type Opening = { track: MediaStreamTrack; fault: null } | { track: null; fault: MediaFault };

/** `exact` for a device picked just now; one that was chosen once and is away now must not cost the call. */
function constraints(kind: MediaKind, deviceId: string | undefined, exact = false): MediaStreamConstraints {
  const device = deviceId === undefined ? {} : { deviceId: exact ? { exact: deviceId } : { ideal: deviceId } };
  return kind === "microphone" ? { audio: { ...MICROPHONE, ...device } } : { video: { ...CAMERA, ...device } };
}

async function openTrack(kind: MediaKind, deviceId: string | undefined, exact = false): Promise<Opening> {
  try {
    const stream = await navigator.mediaDevices.getUserMedia(constraints(kind, deviceId, exact));
    return { track: stream.getTracks()[0] as MediaStreamTrack, fault: null };
  } catch (error) {
    return { track: null, fault: faultOf(error) };
  }
}

export class LocalMedia {
  microphone: MediaStreamTrack | null = null;
  camera: MediaStreamTrack | null = null;
  readonly #devices: Devices;
  readonly #onLost: (kind: MediaKind) => void;
  #stopped = false;

  /** `onLost`: a device that was in use was pulled out. */
  constructor(devices: Devices, onLost: (kind: MediaKind) => void) {
    this.#devices = { ...devices };
    this.#onLost = onLost;
  }

  /** The ids of the devices that are open. */
  get inUse(): Devices {
    const devices: Devices = {};
    for (const kind of ["microphone", "camera"] as const) {
      const id = this[kind]?.getSettings().deviceId;
      if (id !== undefined) devices[kind] = id;
    }
    return devices;
  }

  /** Both at once, so that the person is asked once; when that fails, one by one, to have at least the other. */
  async open(video: boolean): Promise<Partial<Record<MediaKind, MediaFault>>> {
    if (!video) return this.#openEach(["microphone"]);
    try {
      const { audio } = constraints("microphone", this.#devices.microphone);
      const wanted = { audio, ...constraints("camera", this.#devices.camera) };
      const stream = await navigator.mediaDevices.getUserMedia(wanted);
      this.#keep("microphone", stream.getAudioTracks()[0] ?? null);
      this.#keep("camera", stream.getVideoTracks()[0] ?? null);
      return {};
    } catch {
      return this.#openEach(["microphone", "camera"]);
    }
  }

  /** Opens one device; null when it went well. */
  async start(kind: MediaKind): Promise<MediaFault | null> {
    const { track, fault } = await openTrack(kind, this.#devices[kind]);
    if (track !== null) this.#keep(kind, track);
    return fault;
  }

  /** Takes another device of the kind; when that fails, the one before goes on. */
  async change(kind: MediaKind, deviceId: string): Promise<MediaFault | null> {
    // A phone opens one camera at a time.
    if (kind === "camera") this.stop("camera");
    const { track, fault } = await openTrack(kind, deviceId, true);
    if (track === null) {
      if (kind === "camera") await this.start("camera");
      return fault;
    }
    this.#devices[kind] = deviceId;
    this.#keep(kind, track);
    return null;
  }

  /** For when it is opened next. */
  choose(kind: MediaKind, deviceId: string): void {
    this.#devices[kind] = deviceId;
  }

  stop(kind: MediaKind): void {
    this[kind]?.stop();
    this[kind] = null;
  }

  close(): void {
    this.#stopped = true;
    this.stop("microphone");
    this.stop("camera");
  }

  async #openEach(kinds: MediaKind[]): Promise<Partial<Record<MediaKind, MediaFault>>> {
    const faults: Partial<Record<MediaKind, MediaFault>> = {};
    for (const kind of kinds) {
      const fault = await this.start(kind);
      if (fault !== null) faults[kind] = fault;
    }
    return faults;
  }

  #keep(kind: MediaKind, track: MediaStreamTrack | null): void {
    const before = this[kind];
    if (track !== null && before !== null) track.enabled = before.enabled;
    before?.stop();
    this[kind] = track;
    if (track === null) return;
    // The call ended while the browser still asked.
    if (this.#stopped) return this.stop(kind);
    track.addEventListener("ended", () => {
      if (this[kind] === track) this.#onLost(kind);
    });
  }
}
