/** An error as a person reads it. */
import type { ErrorBody } from "../session/wire";
import { translate } from "./i18n";
import type { Lang } from "./strings";

/** The server's own words, the wait where it named one, or our words when it was not reached. */
export function errorText(lang: Lang, error: ErrorBody): string {
  const message = error.message === "" ? translate(lang, "unreached") : error.message;
  if (error.retryAfterMs === undefined || error.retryAfterMs === null) return message;
  return translate(lang, "waitSeconds", { message, seconds: Math.ceil(error.retryAfterMs / 1000) });
}
