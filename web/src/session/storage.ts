/** What the browser keeps: the session of this tab, the language, and one's user id for each name. */
import type { Lang } from "../ui/strings";
import { userIdFor, type Session } from "./identity";

const SESSION = "visavis.session";
const LANG = "visavis.lang";

/** Per tab, so that two tabs can be two people. */
export function loadSession(): Session | null {
  try {
    const value = JSON.parse(sessionStorage.getItem(SESSION) ?? "null") as Partial<Session> | null;
    const { userId, name, token, expiresAt, renewable, interests } = value ?? {};
    if (typeof userId !== "string" || typeof name !== "string" || typeof token !== "string") return null;
    return {
      userId,
      name,
      token,
      expiresAt: typeof expiresAt === "number" ? expiresAt : 0,
      renewable: renewable === true,
      interests: Array.isArray(interests) ? interests.filter((item) => typeof item === "string") : [],
    };
  } catch {
    return null;
  }
}

export function saveSession(session: Session | null): void {
  if (session === null) sessionStorage.removeItem(SESSION);
  else sessionStorage.setItem(SESSION, JSON.stringify(session));
}

export function loadLang(): string | null {
  return localStorage.getItem(LANG);
}

export function saveLang(lang: Lang): void {
  localStorage.setItem(LANG, lang);
}

/** The same name gets the same user id in this browser. */
export function userIdOf(name: string): string {
  const key = `visavis.userId.${name}`;
  const kept = localStorage.getItem(key);
  if (kept !== null) return kept;
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  const suffix = [...bytes].map((byte) => (byte % 36).toString(36)).join("");
  const userId = userIdFor(name, suffix);
  localStorage.setItem(key, userId);
  return userId;
}
