/**
 * Hears whether the person speaks into the microphone that is muted. Nothing of it leaves the page but yes or no.
 *
 * A muted track is silent to its own page as well, so this listens to a copy of it, which ends with the mute.
 */
import { CLOSED, hear, levelOf, type Gate } from "./gate";

/** The analyser holds 2048 samples, 43 ms at 48 kHz; longer would not hear what is between. */
const LISTEN_EVERY_MS = 50;

interface Ear {
  track: MediaStreamTrack;
  close(): void;
}

function openEar(muted: MediaStreamTrack, onLevel: (dbfs: number) => void): Ear {
  const copy = muted.clone();
  copy.enabled = true;
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(new MediaStream([copy])).connect(analyser);
  // Suspended where the browser wants a touch first; the one on the mute button is one.
  void context.resume().catch(() => undefined);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    onLevel(levelOf(samples));
  }, LISTEN_EVERY_MS);
  return {
    track: muted,
    close: () => {
      clearInterval(timer);
      copy.stop();
      void context.close().catch(() => undefined);
    },
  };
}

export class MutedVoice {
  #ear: Ear | null = null;
  #gate: Gate = CLOSED;
  readonly #onChange: () => void;

  /** `onChange`: the person began or stopped to speak while muted. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get speaking(): boolean {
    return this.#gate.speaking;
  }

  /** The microphone that is muted; null for none. */
  listen(track: MediaStreamTrack | null): void {
    if (track === (this.#ear?.track ?? null)) return;
    this.#ear?.close();
    this.#gate = CLOSED;
    this.#ear = track === null ? null : openEar(track, (level) => this.#heard(level));
  }

  #heard(level: number): void {
    const before = this.#gate.speaking;
    this.#gate = hear(this.#gate, level, performance.now());
    if (this.#gate.speaking !== before) this.#onChange();
  }
}
