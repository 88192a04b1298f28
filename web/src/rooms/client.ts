/** What a person does and what the server tells, between the store and the connection. */
import { Calls } from "../call/calls";
import { Scenes } from "../scene/scenes";
import type { Chip } from "../prompts/chips";
import { api } from "../session/api";
import { Connection, type ConnectionListener } from "../session/connection";
import type { Session } from "../session/identity";
import { errorBody, Refusal, type Down, type ServerEventName, type Up } from "../session/wire";
import { Faults } from "./faults";
import { parseOutbox } from "./outbox";
import { Sender } from "./sender";
import { initialState, roomWith } from "./state";
import { Store } from "./store";
import { Sync } from "./sync";
import { LAPSE_MS, tell, type Told } from "./typing";

type Handlers = { [K in ServerEventName]?: (payload: Down<K>) => void };

export class Client implements ConnectionListener {
  readonly store: Store;
  readonly calls: Calls;
  readonly scenes: Scenes;
  readonly #connection: Connection;
  readonly #sender: Sender;
  readonly #sync: Sync;
  readonly #faults: Faults;
  readonly #keepSession: (session: Session) => void;
  #session: Session;
  #peopleListed = true;
  #told: Told = null;
  /** Unsent texts by room, kept while one looks into another room. */
  readonly drafts = new Map<string, string>();

  constructor(session: Session, storage: Storage, keepSession: (session: Session) => void) {
    const key = `visavis.outbox.${session.userId}`;
    this.#session = session;
    this.#keepSession = keepSession;
    this.store = new Store(initialState(session.userId, parseOutbox(storage.getItem(key))));
    this.#connection = new Connection(session, this);
    this.calls = new Calls(this.#connection, session.userId);
    this.scenes = new Scenes(() => this.#session.token);
    this.#faults = new Faults(this.store);
    this.#sync = new Sync(this.store, this.#connection, this.#faults);
    this.#sender = new Sender(this.store, this.#connection, (outbox) =>
      storage.setItem(key, JSON.stringify(outbox)),
    );
  }

  get me(): string {
    return this.#session.userId;
  }

  start(): void {
    this.calls.start();
    this.#connection.start();
  }

  stop(): void {
    this.calls.stop();
    this.scenes.stop();
    this.#sender.stop();
    this.#connection.stop();
  }

  reconnect(): void {
    this.#connection.connect();
  }

  // --- what the connection tells ---

  onStatus(status: Parameters<ConnectionListener["onStatus"]>[0], reason?: string): void {
    this.store.dispatch({ type: "status", status, ...(reason === undefined ? {} : { reason }) });
  }

  onSession(session: Session): void {
    this.#session = session;
    this.#keepSession(session);
  }

  onReady(connected: Down<"connected">): void {
    this.#told = null;
    this.calls.onReady(connected);
    this.#sender.resume();
    void this.refreshPeople();
    void this.#refreshMatches();
    const { openId } = this.store.get();
    if (openId !== null) void this.#sync.join(openId);
  }

  onEvent(name: string, payload: unknown): void {
    const handler = this.#handlers[name as ServerEventName] as ((payload: unknown) => void) | undefined;
    handler?.(payload);
    this.calls.onEvent(name, payload);
  }

  readonly #handlers: Handlers = {
    new_message: (event) => {
      this.store.dispatch({ type: "message", event });
      const room = this.store.get().rooms[event.matchId];
      if (room?.members.length === 0) void this.#refreshMatches();
      if (this.store.get().openId === event.matchId) void this.#sync.fill(event.matchId);
    },
    message_updated: (event) => this.store.dispatch({ type: "updated", event }),
    message_status: (event) => this.store.dispatch({ type: "cursor", event }),
    typing: (event) => {
      this.store.dispatch({ type: "typing", event, now: Date.now() });
      setTimeout(() => this.store.dispatch({ type: "lapse", now: Date.now() }), LAPSE_MS + 20);
    },
    presence: (event) => {
      this.store.dispatch({ type: "presence", event });
      const { people } = this.store.get();
      if (people !== null && !people.some((person) => person.userId === event.userId)) void this.refreshPeople();
    },
    match_created: (event) => {
      this.store.dispatch({ type: "matched", event });
      void this.#refreshMatches();
    },
    ai_suggestion: (event) => {
      this.store.dispatch({ type: "suggestion", event });
    },
    incoming_call: (event) => {
      if ((this.store.get().rooms[event.matchId]?.members.length ?? 0) === 0) void this.#refreshMatches();
    },
    game_state: (event) => this.store.dispatch({ type: "game", event }),
  };

  // --- people and matches ---

  async refreshPeople(): Promise<void> {
    if (!this.#peopleListed) return;
    try {
      const people = await api.people(this.#session.token);
      this.store.dispatch({ type: "people", people: people.filter((person) => person.userId !== this.me) });
    } catch (error) {
      // Outside development mode there is no such list; otherwise it stays as it is until the next try.
      if (error instanceof Refusal && [403, 404].includes(error.status)) this.#peopleListed = false;
    }
  }

  async match(userId: string): Promise<void> {
    const there = roomWith(this.store.get(), userId);
    if (there !== null) return this.open(there.matchId);
    this.store.dispatch({ type: "matching", userId });
    try {
      const { matchId } = await api.createMatch(this.#session.token, this.me, userId);
      this.store.dispatch({ type: "matching", userId, error: null });
      this.open(matchId);
      await this.#refreshMatches();
    } catch (error) {
      this.store.dispatch({ type: "matching", userId, error: errorBody(error) });
    }
  }

  matchedSeen(): void {
    this.store.dispatch({ type: "matchedSeen" });
  }

  /** The server speaks the language of the profile, suggestions included; the last page to choose one decides. */
  async setLang(lang: string): Promise<void> {
    const { token, name, interests } = this.#session;
    await api.putUser(token, this.me, { name, lang, interests }).catch(() => undefined);
  }

  async #refreshMatches(): Promise<void> {
    try {
      this.store.dispatch({ type: "matches", matches: await api.matches(this.#session.token) });
    } catch {
      // The rooms that are known stay; the next connect asks again.
    }
  }

  // --- a room ---

  open(matchId: string): void {
    const before = this.store.get().openId;
    if (before !== null && before !== matchId) this.typing(before, true);
    this.store.dispatch({ type: "open", matchId });
    void this.#sync.join(matchId);
  }

  close(): void {
    const { openId } = this.store.get();
    if (openId !== null) this.typing(openId, true);
    this.store.dispatch({ type: "open", matchId: null });
  }

  async loadOlder(matchId: string): Promise<void> {
    await this.#sync.older(matchId);
  }

  async retryJoin(matchId: string): Promise<void> {
    await this.#sync.join(matchId);
  }

  /** Everything up to the newest message is on screen in front of somebody. */
  markRead(matchId: string): void {
    const room = this.store.get().rooms[matchId];
    if (room === undefined || !this.#connection.online || !room.joined || room.lastSeq <= room.readSeq) return;
    const seq = room.lastSeq;
    this.store.dispatch({ type: "read", matchId, seq });
    // A cursor that got lost is told again with the next message or the next visit.
    this.#connection.request("mark_read", { matchId, seq }).catch(() => undefined);
  }

  typing(matchId: string, empty: boolean): void {
    const { send, told } = tell(this.#told, empty, Date.now());
    this.#told = told;
    if (send !== null) void this.#connection.ask("typing", { matchId, typing: send });
  }

  // --- messages ---

  /** `chip`: the suggestion that the text came from, if any. */
  send(matchId: string, text: string, chip: Chip | null): void {
    this.typing(matchId, true);
    this.#sender.send(matchId, text);
    if (chip === null) return;
    this.store.dispatch({ type: "chips", matchId, keep: (other) => other.id !== chip.id });
    this.#rate(chip, true);
  }

  retry(clientId: string): void {
    this.#sender.retry(clientId);
  }

  discard(clientId: string): void {
    this.#sender.discard(clientId);
  }

  /** True when the server took the new text. */
  async edit(matchId: string, messageId: string, content: string): Promise<boolean> {
    return this.#faults.inRoom(matchId, "edit", () => this.#connection.request("edit_message", { messageId, content }));
  }

  async remove(matchId: string, messageId: string): Promise<void> {
    await this.#faults.onMessage(matchId, messageId, () => this.#connection.request("delete_message", { messageId }));
  }

  async react(matchId: string, messageId: string, emoji: string, on: boolean): Promise<void> {
    await this.#faults.onMessage(matchId, messageId, () => this.#connection.request("react", { messageId, emoji, on }));
  }

  // --- suggestions and games ---

  async help(matchId: string, draft: string): Promise<void> {
    this.store.dispatch({ type: "chips", matchId, keep: (chip) => chip.opening });
    this.store.dispatch({ type: "thinking", matchId });
    const ask = draft.trim() === "" ? { matchId } : { matchId, draft: draft.trim().slice(0, 4_000) };
    await this.#faults.inRoom(matchId, "help", () => this.#connection.request("request_ai_help", ask));
  }

  dismissChip(matchId: string, chip: Chip): void {
    this.store.dispatch({ type: "chips", matchId, keep: (other) => other.id !== chip.id });
    this.#rate(chip, false);
  }

  async playIcebreaker(matchId: string): Promise<void> {
    await this.#play({ game: "icebreaker", matchId });
  }

  async answer(matchId: string, gameId: string, answer: string): Promise<boolean> {
    return this.#play({ game: "icebreaker", matchId, gameId, move: { answer } });
  }

  #play(ask: Up<"play_game"> & { matchId: string }): Promise<boolean> {
    return this.#faults.inRoom(ask.matchId, "game", async () => {
      const event = await this.#connection.request("play_game", ask);
      this.store.dispatch({ type: "game", event });
    });
  }

  #rate(chip: Chip, used: boolean): void {
    if (!chip.rated) return;
    this.#connection.request("rate_suggestion", { suggestionId: chip.id, used }).catch(() => undefined);
  }
}
