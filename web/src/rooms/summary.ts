/** A message as one line of text, for the list and for screen readers. */
import { callEntry, entryText } from "../call/entry";
import type { Message } from "../session/wire";
import type { Params } from "../ui/i18n";
import type { StringKey } from "../ui/strings";
import { isTombstone } from "./timeline";

type Translate = (key: StringKey, params?: Params) => string;

function place(content: Record<string, unknown>): Params | null {
  const { lat, lon } = content;
  if (typeof lat !== "number" || typeof lon !== "number") return null;
  return { lat: lat.toFixed(4), lon: lon.toFixed(4) };
}

/** Texts as they are; what this page has no view for, by name. */
export function summaryOf(t: Translate, message: Message): string {
  if (isTombstone(message)) return t("deleted");
  const { content, type } = message;
  if (typeof content === "string") return content;
  const where = type === "location" ? place(content) : null;
  if (where !== null) return t("sharedPlace", where);
  if (typeof content.text === "string") return content.text;
  const call = callEntry(message);
  if (call !== null) return entryText(t, call, true);
  return type === "system" ? t("systemEntry") : t("sharedOther", { type });
}
