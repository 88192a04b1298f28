/** The HTTP half of the server: tokens, people and matches. */
import { Refusal, UNREACHED, type ErrorBody, type Member, type Message } from "./wire";

export interface Person {
  userId: string;
  name: string;
  online: boolean;
  interests: string[];
}

export interface Match {
  matchId: string;
  members: Member[];
  lastSeq: number;
  readSeq: number;
  unread: number;
  lastMessage?: Message | null;
  openingLines?: string[] | null;
}

export interface DevToken {
  token: string;
  userId: string;
  expiresAt: string;
}

export interface Profile {
  name: string;
  lang: string;
  interests: string[];
}

async function refusal(response: Response): Promise<Refusal> {
  let body: unknown;
  try {
    body = await response.json();
  } catch {
    body = null;
  }
  const error = (body as { error?: ErrorBody } | null)?.error;
  if (error !== undefined && typeof error.message === "string") return new Refusal(error, response.status);
  const code = response.status === 429 ? "rate_limited" : response.status < 500 ? "invalid" : "internal";
  const message = `${response.status} ${response.statusText}`.trim();
  return new Refusal({ code, message, retryable: response.status >= 500 }, response.status);
}

async function call(method: string, path: string, token: string | null, body?: unknown): Promise<unknown> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (token !== null) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const init: RequestInit = { method, headers, signal: AbortSignal.timeout(15_000) };
  if (body !== undefined) init.body = JSON.stringify(body);
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new Refusal(UNREACHED);
  }
  if (!response.ok) throw await refusal(response);
  return response.status === 204 ? null : response.json();
}

export const api = {
  /** Only in development mode: 403 or 404 elsewhere. */
  devToken: (userId: string, name: string) =>
    call("POST", "/api/v1/dev/token", null, { userId, name }) as Promise<DevToken>,

  putUser: (token: string, userId: string, profile: Profile) =>
    call("PUT", `/api/v1/users/${encodeURIComponent(userId)}`, token, profile),

  /** Only in development mode; elsewhere people come from the app's backend. */
  people: async (token: string): Promise<Person[]> => {
    const answer = (await call("GET", "/api/v1/dev/people", token)) as { people: Person[] };
    return answer.people;
  },

  matches: async (token: string): Promise<Match[]> => {
    const answer = (await call("GET", "/api/v1/matches", token)) as { matches: Match[] };
    return answer.matches;
  },

  createMatch: (token: string, userA: string, userB: string) =>
    call("POST", "/api/v1/matches", token, { userA, userB }) as Promise<{ matchId: string }>,
};
