/** Who one is: a user id from a name, and what a pasted token says. */

export interface Session {
  userId: string;
  name: string;
  token: string;
  /** Milliseconds since the epoch; the token is good until then. */
  expiresAt: number;
  /** Whether this page can get a new token by itself (development mode). */
  renewable: boolean;
  interests: string[];
}

/** Lower-case letters and digits with dashes; empty for a name without any (such as 小明). */
export function slug(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 32);
}

/** A user id for `name`: the slug and a suffix that keeps two people of one name apart. */
export function userIdFor(name: string, suffix: string): string {
  return `${slug(name) || "user"}-${suffix}`;
}

/** "Jazz, hiking，电影" -> ["Jazz", "hiking", "电影"]: Latin or Chinese separators, no duplicates, at most 20 of at most 60 characters. */
export function parseInterests(text: string): string[] {
  const parts = text.split(/[,，、;；\n]/).map((part) => part.trim().slice(0, 60));
  return [...new Set(parts.filter((part) => part !== ""))].slice(0, 20);
}

/** Reads (does not verify) the claims of a JWT; null when it is none or names no user. */
export function readToken(token: string): { userId: string; name: string; expiresAt: number } | null {
  const part = token.trim().split(".")[1];
  if (part === undefined) return null;
  try {
    const binary = atob(part.replace(/-/g, "+").replace(/_/g, "/"));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const { sub, name, exp } = claims;
    if (typeof sub !== "string" || typeof exp !== "number") return null;
    return { userId: sub, name: typeof name === "string" ? name : sub, expiresAt: exp * 1000 };
  } catch {
    return null;
  }
}

const LONGEST_TIMER_MS = 2_147_483_647;

/**
 * How long to wait before a token is renewed: a fifth of its life, at least 10 s and at most 5 min,
 * before its end. A later renewal risks the connection, an earlier one only costs requests.
 */
export function renewDelayMs(expiresAt: number, now: number): number {
  const life = expiresAt - now;
  const margin = Math.min(Math.max(life / 5, 10_000), 300_000);
  return Math.min(Math.max(life - margin, 2_000), LONGEST_TIMER_MS);
}
