/**
 * The tones of a call, made of sine waves: no file to load. Browsers play nothing, and do not vibrate, before
 * the person has touched the page; a ring that comes earlier begins with the first touch.
 */
import type { Ring } from "./views";

interface Tone {
  /** Hertz, one after the other. */
  notes: readonly number[];
  noteS: number;
  /** From one beginning to the next. */
  everyS: number;
  volume: number;
}

/** Soft: it interrupts somebody who reads, and plays in an ear that waits. */
const TONES: Record<Exclude<Ring, null>, Tone> = {
  incoming: { notes: [523.25, 659.25, 783.99], noteS: 0.24, everyS: 2.4, volume: 0.14 },
  outgoing: { notes: [440], noteS: 0.9, everyS: 3.6, volume: 0.05 },
};
const VIBRATION_MS = [350, 180, 350];
const GESTURES = ["pointerdown", "keydown"] as const;

export class Ringer {
  #ring: Ring = null;
  #context: AudioContext | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  play(ring: Ring): void {
    if (ring === this.#ring) return;
    this.stop();
    this.#ring = ring;
    if (ring === null) return;
    if (navigator.userActivation?.hasBeenActive ?? true) this.#begin();
    else for (const name of GESTURES) window.addEventListener(name, this.#begin, { once: true });
  }

  stop(): void {
    for (const name of GESTURES) window.removeEventListener(name, this.#begin);
    clearInterval(this.#timer);
    if (this.#ring === "incoming" && this.#context !== null) this.#vibrate(0);
    this.#ring = null;
    void this.#context?.close();
    this.#context = null;
  }

  readonly #begin = (): void => {
    if (this.#ring === null || this.#context !== null) return;
    const tone = TONES[this.#ring];
    this.#context = new AudioContext();
    this.#sound(tone);
    this.#timer = setInterval(() => this.#sound(tone), tone.everyS * 1000);
  };

  #sound(tone: Tone): void {
    if (this.#ring === "incoming") this.#vibrate(VIBRATION_MS);
    const context = this.#context;
    if (context === null) return;
    void context.resume();
    tone.notes.forEach((note, index) => {
      const from = context.currentTime + 0.02 + index * tone.noteS;
      const gain = context.createGain();
      gain.gain.setValueAtTime(0, from);
      gain.gain.linearRampToValueAtTime(tone.volume, from + 0.03);
      gain.gain.exponentialRampToValueAtTime(0.001, from + tone.noteS * 1.6);
      const wave = context.createOscillator();
      wave.frequency.value = note;
      wave.connect(gain).connect(context.destination);
      wave.start(from);
      wave.stop(from + tone.noteS * 1.7);
    });
  }

  #vibrate(pattern: number | number[]): void {
    // Not in Safari nor on desktops.
    (navigator as Partial<Navigator>).vibrate?.(pattern);
  }
}
