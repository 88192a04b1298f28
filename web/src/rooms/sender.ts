/** Sends the outbox, one message at a time per room, until each is acknowledged. */
import type { Connection } from "../session/connection";
import { enqueue, markSending, nextWaitMs, refuse, requeue, retry, sendable, settle } from "./outbox";
import type { Outbox, Pending } from "./outbox";
import type { Store } from "./store";

export class Sender {
  readonly #store: Store;
  readonly #connection: Connection;
  readonly #keep: (outbox: Outbox) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `keep` stores the outbox where a reload finds it. */
  constructor(store: Store, connection: Connection, keep: (outbox: Outbox) => void) {
    this.#store = store;
    this.#connection = connection;
    this.#keep = keep;
  }

  send(matchId: string, content: string): void {
    const clientId = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
    const createdAt = new Date().toISOString();
    this.#set(enqueue(this.#store.get().outbox, { clientId, matchId, content, createdAt }));
    this.pump();
  }

  retry(clientId: string): void {
    this.#set(retry(this.#store.get().outbox, clientId));
    this.pump();
  }

  discard(clientId: string): void {
    this.#set(settle(this.#store.get().outbox, clientId));
    this.pump();
  }

  /** After a reconnect: acks that were under way are lost, the messages are not. */
  resume(): void {
    this.#set(requeue(this.#store.get().outbox));
    this.pump();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  pump(): void {
    if (!this.#connection.online) return;
    const now = Date.now();
    for (const pending of sendable(this.#store.get().outbox, now)) {
      this.#set(markSending(this.#store.get().outbox, pending.clientId));
      void this.#transmit(pending);
    }
    clearTimeout(this.#timer);
    const wait = nextWaitMs(this.#store.get().outbox, now);
    if (wait !== null) this.#timer = setTimeout(() => this.pump(), wait);
  }

  async #transmit(pending: Pending): Promise<void> {
    const { clientId, matchId, content } = pending;
    const answer = await this.#connection.ask("send_message", { matchId, content, type: "text", clientId });
    if (answer.ok) {
      this.#store.dispatch({ type: "stored", pending, ack: answer });
      this.#set(this.#store.get().outbox);
    } else if (this.#connection.online) {
      this.#set(refuse(this.#store.get().outbox, clientId, answer.error, Date.now()));
    } else {
      this.#set(requeue(this.#store.get().outbox));
    }
    this.pump();
  }

  #set(outbox: Outbox): void {
    this.#store.dispatch({ type: "outbox", outbox });
    this.#keep(outbox);
  }
}
