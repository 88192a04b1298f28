/** The generated protocol types, by event name, and the shape of every answer. */
import type { Acks, ClientEvents, ErrorBody, ServerEvents } from "../protocol/events";

export type { ErrorBody };
export type ClientEventName = keyof ClientEvents & keyof Acks;
export type ServerEventName = keyof ServerEvents;
export type Down<K extends ServerEventName> = ServerEvents[K];
export type Up<K extends ClientEventName> = ClientEvents[K];

export type Message = Acks["join_chat"]["messages"][number];
export type Member = Acks["join_chat"]["members"][number];

export type Answer<K extends ClientEventName> = ({ ok: true } & Acks[K]) | { ok: false; error: ErrorBody };

/** What a refused HTTP call or event is turned into; `status` 0 means the server was not reached. */
export class Refusal extends Error {
  readonly body: ErrorBody;
  readonly status: number;

  constructor(body: ErrorBody, status = 0) {
    super(body.message);
    this.name = "Refusal";
    this.body = body;
    this.status = status;
  }
}

/** The error body for a request that got no answer at all. */
export const UNREACHED: ErrorBody = { code: "unavailable", message: "", retryable: true };

/** Any thrown value as an error body. */
export function errorBody(error: unknown): ErrorBody {
  return error instanceof Refusal ? error.body : UNREACHED;
}
