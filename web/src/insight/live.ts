/** Feeds `state` from the connection, the call and the clock, and answers topics. */
import type { Call } from "../call/state";
import type { Summary } from "../call/statistics";
import { Watched } from "../call/store";
import type { Connection } from "../session/connection";
import type { Down, ServerEventName } from "../session/wire";
import { talkBetween, type Sounding } from "./meter";
import { deadline, NO_INSIGHT, reduce, type Action, type Insight } from "./state";

type Handlers = { [K in ServerEventName]?: (payload: Down<K>) => void };

export interface LiveInsightPort {
  /** The person at this page. */
  me: string;
  connection: Pick<Connection, "request">;
  /** What the call's connection counts; null when there is none. */
  statistics(): Promise<Summary | null>;
}

/** More often costs a report of the browser each time; more seldom takes a pause for talk. */
const SOUND_EVERY_MS = 500;

export class LiveInsight {
  readonly store = new Watched<Insight>(NO_INSIGHT);
  readonly #port: LiveInsightPort;
  #alarm: ReturnType<typeof setTimeout> | undefined;
  #meter: ReturnType<typeof setInterval> | undefined;
  #sounding: Sounding | null = null;

  constructor(port: LiveInsightPort) {
    this.#port = port;
  }

  stop(): void {
    this.follow(null);
  }

  // --- what is told ---

  onEvent(name: string, payload: unknown): void {
    const handler = this.#handlers[name as ServerEventName] as ((payload: unknown) => void) | undefined;
    handler?.(payload);
  }

  readonly #handlers: Handlers = {
    call_quality: (event) => this.#dispatch({ type: "quality", event, me: this.#port.me, now: performance.now() }),
    call_notice: (event) => this.#dispatch({ type: "notice", event, now: performance.now() }),
    call_state: (event) => this.#dispatch({ type: "state", event }),
    call_media: ({ callId, ...media }) => this.#dispatch({ type: "media", callId, media }),
    topic_prompt: (event) => this.#dispatch({ type: "topic", event, now: performance.now() }),
    call_summary: (event) => this.#dispatch({ type: "summary", event }),
  };

  /** The call as it is now on here. */
  follow(call: Call | null): void {
    const callId = call?.callId ?? null;
    this.#dispatch({ type: "follow", callId });
    if (call === null || callId === null) return;
    const media = { userId: this.#port.me, audio: call.micOn, video: call.cameraOn };
    this.#dispatch({ type: "media", callId, media });
  }

  // --- what the person does ---

  dismiss(key: string): void {
    this.#dispatch({ type: "dismiss", key });
  }

  use(): void {
    this.#rate(true);
    this.#dispatch({ type: "use", now: performance.now() });
  }

  wave(): void {
    this.#rate(false);
    this.#dispatch({ type: "wave" });
  }

  close(): void {
    this.#dispatch({ type: "close" });
  }

  // --- inside ---

  #rate(used: boolean): void {
    const { card } = this.store.get().topics;
    if (card?.size !== "open") return;
    // A rating that is refused changes nothing for the one who gave it.
    this.#port.connection.request("rate_suggestion", { promptId: card.prompt.promptId, used }).catch(() => undefined);
  }

  #dispatch(action: Action): void {
    const next = reduce(this.store.get(), action);
    if (next === this.store.get()) return;
    this.store.set(next);
    this.#arm(deadline(next));
    this.#listen(next.topics.card?.size === "open");
  }

  #arm(due: number): void {
    clearTimeout(this.#alarm);
    if (due === Infinity) return;
    const left = Math.max(0, Math.ceil(due - performance.now()));
    this.#alarm = setTimeout(() => this.#dispatch({ type: "tick", now: performance.now() }), left);
  }

  /** Listens only while a topic waits for talk. */
  #listen(wanted: boolean): void {
    if (wanted === (this.#meter !== undefined)) return;
    clearInterval(this.#meter);
    this.#sounding = null;
    this.#meter = wanted ? setInterval(() => void this.#sound(), SOUND_EVERY_MS) : undefined;
  }

  async #sound(): Promise<void> {
    const meter = this.#meter;
    const energy = await this.#port.statistics();
    if (energy === null || meter !== this.#meter) return;
    const before = this.#sounding;
    this.#sounding = { at: performance.now(), energy };
    if (before !== null) this.#dispatch({ type: "talked", ms: talkBetween(before, this.#sounding) });
  }
}
