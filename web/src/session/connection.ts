/** One Socket.IO connection that keeps itself and its token alive. */
import { io, type Socket } from "socket.io-client";
import type { Acks } from "../protocol/events";
import { api } from "./api";
import { renewDelayMs, type Session } from "./identity";
import { retryDelayMs } from "./retry";
import { backoffMs, nextStatus, type Status, type StatusEvent } from "./status";
import { Refusal, UNREACHED, type Answer, type ClientEventName, type Down, type Up } from "./wire";

export interface ConnectionListener {
  onStatus(status: Status, reason?: string): void;
  /** After each connect; `resumed` when the server replayed what was missed. */
  onReady(connected: Down<"connected">): void;
  onEvent(name: string, payload: unknown): void;
  onSession(session: Session): void;
}

const ACK_TIMEOUT_MS = 10_000;
const PROTOCOL_VERSION = 1;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Connection {
  #session: Session;
  #status: Status = "idle";
  #closing: Down<"connection_closing"> | null = null;
  #attempt = 0;
  #again: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  readonly #socket: Socket;
  readonly #listener: ConnectionListener;

  constructor(session: Session, listener: ConnectionListener) {
    this.#session = session;
    this.#listener = listener;
    this.#socket = io({
      path: "/socket.io/",
      autoConnect: false,
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelayMax: 10_000,
      auth: (give) => give({ token: this.#session.token, protocolVersion: PROTOCOL_VERSION }),
    });
  }

  get online(): boolean {
    return this.#status === "online";
  }

  start(): void {
    this.#listen();
    window.addEventListener("online", this.#onNetwork);
    window.addEventListener("offline", this.#onNetwork);
    document.addEventListener("visibilitychange", this.#onVisible);
    this.connect();
  }

  stop(): void {
    window.removeEventListener("online", this.#onNetwork);
    window.removeEventListener("offline", this.#onNetwork);
    document.removeEventListener("visibilitychange", this.#onVisible);
    clearTimeout(this.#again);
    clearTimeout(this.#renewal);
    this.#socket.off();
    this.#socket.offAny();
    this.#socket.disconnect();
  }

  /** Also what a person's "reconnect" does after the server closed the connection for good. */
  connect(): void {
    this.#closing = null;
    this.#move({ type: "open" });
    this.#scheduleRenewal();
    this.#socket.connect();
  }

  /** One try; no answer in time or no connection is an `unavailable`. */
  async ask<K extends ClientEventName>(event: K, payload: Up<K>): Promise<Answer<K>> {
    if (!this.online) return { ok: false, error: UNREACHED };
    try {
      return (await this.#socket.timeout(ACK_TIMEOUT_MS).emitWithAck(event, payload)) as Answer<K>;
    } catch {
      return { ok: false, error: UNREACHED };
    }
  }

  /** Tries again after short waits where the refusal allows it; throws `Refusal` in the end. */
  async request<K extends ClientEventName>(event: K, payload: Up<K>): Promise<Acks[K]> {
    for (let retries = 0; ; retries += 1) {
      const answer = await this.ask(event, payload);
      if (answer.ok) return answer;
      const delay = this.online ? retryDelayMs(answer.error, retries) : null;
      if (delay === null) throw new Refusal(answer.error);
      await sleep(delay);
    }
  }

  #listen(): void {
    this.#socket.on("connected", (payload: Down<"connected">) => {
      this.#attempt = 0;
      this.#closing = null;
      this.#move({ type: "connected" });
      this.#listener.onReady(payload);
    });
    this.#socket.on("connection_closing", (payload: Down<"connection_closing">) => {
      this.#closing = payload;
    });
    this.#socket.on("disconnect", () => this.#onDisconnect());
    this.#socket.on("connect_error", (error: Error & { data?: { code?: string } }) => {
      this.#move({ type: "lost" });
      // Still active: a network failure, which the client library tries again by itself.
      if (this.#socket.active) return;
      this.#onRefused(error.data?.code);
    });
    this.#socket.onAny((name: string, payload: unknown) => this.#listener.onEvent(name, payload));
  }

  #onDisconnect(): void {
    const closing = this.#closing;
    if (closing?.reason === "auth_expired") return void this.#renewAndConnect();
    if (closing?.reconnect === "never") {
      this.#socket.disconnect();
      return this.#move({ type: "closed" }, closing.reason);
    }
    this.#move({ type: "lost" });
    if (!this.#socket.active) this.#connectLater();
  }

  #onRefused(code: string | undefined): void {
    if (code === "unauthenticated" || code === "auth_expired") return void this.#renewAndConnect();
    if (code === "client_too_old" || code === "server_too_old" || code === "forbidden" || code === "blocked") {
      return this.#move({ type: "closed" }, code);
    }
    this.#connectLater();
  }

  #connectLater(): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#socket.connect(), backoffMs(this.#attempt));
    this.#attempt += 1;
  }

  async #renewAndConnect(): Promise<void> {
    this.#socket.disconnect();
    if (!this.#session.renewable || this.#attempt > 3) return this.#move({ type: "auth_expired" });
    this.#move({ type: "lost" });
    try {
      await this.#renew();
    } catch (error) {
      if (error instanceof Refusal && error.status >= 400 && error.status < 500) {
        return this.#move({ type: "auth_expired" });
      }
    }
    this.#connectLater();
  }

  async #renew(): Promise<void> {
    const { token, expiresAt } = await api.devToken(this.#session.userId, this.#session.name);
    this.#session = { ...this.#session, token, expiresAt: Date.parse(expiresAt) };
    this.#listener.onSession(this.#session);
  }

  #scheduleRenewal(): void {
    clearTimeout(this.#renewal);
    if (!this.#session.renewable) return;
    const delay = renewDelayMs(this.#session.expiresAt, Date.now());
    this.#renewal = setTimeout(() => void this.#refresh(), delay);
  }

  async #refresh(): Promise<void> {
    try {
      await this.#renew();
      await this.request("refresh_token", { token: this.#session.token });
    } catch (error) {
      // The connection lives until the old token ends; a refusal would not change before that.
      if (error instanceof Refusal && error.status >= 400 && error.status < 500) return;
    }
    this.#scheduleRenewal();
  }

  #move(event: StatusEvent, reason?: string): void {
    const next = nextStatus(this.#status, event);
    if (next === this.#status) return;
    this.#status = next;
    this.#listener.onStatus(next, reason);
  }

  readonly #onNetwork = (): void => {
    this.#move({ type: "network", online: navigator.onLine });
    if (navigator.onLine && !this.#socket.connected && this.#status === "reconnecting") this.#socket.connect();
  };

  /** Timers sleep in background tabs and closed laptops. */
  readonly #onVisible = (): void => {
    if (document.visibilityState !== "visible") return;
    if (this.#session.renewable && this.#session.expiresAt < Date.now() + 10_000) void this.#refresh();
    if (this.#status === "reconnecting" && !this.#socket.connected) this.#socket.connect();
  };
}
