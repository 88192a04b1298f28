/** Brings a room up to date: on opening, after a reconnect, and when messages are missing. */
import type { Connection } from "../session/connection";
import type { Faults } from "./faults";
import type { Store } from "./store";
import { contiguousSeq, gapAfter } from "./timeline";

const PAGE = 50;
/** The most that one answer may hold. */
const FILL_PAGE = 200;

export class Sync {
  readonly #store: Store;
  readonly #connection: Connection;
  readonly #faults: Faults;
  readonly #filling = new Set<string>();

  constructor(store: Store, connection: Connection, faults: Faults) {
    this.#store = store;
    this.#connection = connection;
    this.#faults = faults;
  }

  async join(matchId: string): Promise<void> {
    const timeline = this.#store.get().rooms[matchId]?.timeline ?? [];
    const since = timeline.length > 0 ? contiguousSeq(timeline) : undefined;
    const joined = await this.#faults.inRoom(matchId, "join", async () => {
      const ask = since === undefined ? { matchId } : { matchId, since };
      const ack = await this.#connection.request("join_chat", ask);
      this.#store.dispatch({ type: "joined", ack });
    });
    if (!joined) return;
    await this.fill(matchId);
    if (since !== undefined) await this.#refreshNewest(matchId);
  }

  /** The page above the oldest message that is loaded. */
  async older(matchId: string): Promise<void> {
    const room = this.#store.get().rooms[matchId];
    const before = room?.timeline[0]?.seq;
    if (room === undefined || before === undefined || room.loading || !room.olderMore) return;
    this.#store.dispatch({ type: "loading", matchId });
    await this.#faults.inRoom(matchId, "history", async () => {
      const ack = await this.#connection.request("fetch_history", { matchId, before, limit: PAGE });
      this.#store.dispatch({ type: "history", matchId, messages: ack.messages, olderMore: ack.more });
    });
  }

  /** Fetches what is missing below the newest message, page by page. */
  async fill(matchId: string): Promise<void> {
    if (this.#filling.has(matchId)) return;
    this.#filling.add(matchId);
    try {
      await this.#faults.inRoom(matchId, "history", () => this.#fillPages(matchId));
    } finally {
      this.#filling.delete(matchId);
    }
  }

  async #fillPages(matchId: string): Promise<void> {
    for (let last = -1; ; ) {
      const room = this.#store.get().rooms[matchId];
      const after = room?.joined ? gapAfter(room.timeline, room.lastSeq) : null;
      // No progress: the server does not have them either; do not ask for ever.
      if (after === null || after <= last) return;
      last = after;
      const ack = await this.#connection.request("fetch_history", { matchId, after, limit: FILL_PAGE });
      this.#store.dispatch({ type: "history", matchId, messages: ack.messages });
    }
  }

  /** `since` brings new messages only; this brings what was edited meanwhile among the newest. */
  async #refreshNewest(matchId: string): Promise<void> {
    const lastSeq = this.#store.get().rooms[matchId]?.lastSeq ?? 0;
    if (lastSeq === 0) return;
    await this.#faults.inRoom(matchId, "history", async () => {
      const ask = { matchId, before: lastSeq + 1, limit: PAGE };
      const ack = await this.#connection.request("fetch_history", ask);
      this.#store.dispatch({ type: "history", matchId, messages: ack.messages });
    });
  }
}
