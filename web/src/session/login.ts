/** From a name, or a pasted token, to a session. */
import { api } from "./api";
import { readToken, type Session } from "./identity";
import { Refusal } from "./wire";

/** The server is not in development mode: a name alone is not enough. */
export class TokenNeeded extends Error {}

/** The pasted text is no token. */
export class TokenUnreadable extends Error {}

async function sendProfile(session: Session, lang: string): Promise<void> {
  const { token, userId, name, interests } = session;
  try {
    await api.putUser(token, userId, { name, lang, interests });
  } catch (error) {
    // A server may leave profiles to the app's backend.
    if (error instanceof Refusal && [403, 404, 405].includes(error.status)) return;
    throw error;
  }
}

/** Throws `TokenNeeded` outside development mode, else `Refusal`. */
export async function loginByName(
  userId: string, name: string, interests: string[], lang: string,
): Promise<Session> {
  let answer;
  try {
    answer = await api.devToken(userId, name);
  } catch (error) {
    if (error instanceof Refusal && [401, 403, 404, 405].includes(error.status)) throw new TokenNeeded();
    throw error;
  }
  const expiresAt = Date.parse(answer.expiresAt);
  const session = { userId: answer.userId, name, token: answer.token, expiresAt, renewable: true, interests };
  await sendProfile(session, lang);
  return session;
}

/** Throws `TokenUnreadable`, else `Refusal`. */
export async function loginByToken(
  token: string, name: string, interests: string[], lang: string,
): Promise<Session> {
  const claims = readToken(token);
  if (claims === null) throw new TokenUnreadable();
  const shown = name.trim() || claims.name;
  const session = { ...claims, name: shown, token: token.trim(), renewable: false, interests };
  await sendProfile(session, lang);
  return session;
}
