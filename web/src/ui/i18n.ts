/** Language of the page, its texts, and times as a person writes them. */
import { createContext, useContext } from "react";
import { STRINGS, type Lang, type StringKey } from "./strings";

/** The language to begin with: what was chosen before, else the browser's when it is Chinese. */
export function initialLang(kept: string | null, languages: readonly string[]): Lang {
  if (kept === "zh" || kept === "en") return kept;
  return languages[0]?.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export type Params = Readonly<Record<string, string | number>>;

/** The text of `key`, with `{name}` replaced by `params.name`. */
export function translate(lang: Lang, key: StringKey, params: Params = {}): string {
  return STRINGS[lang][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

const LOCALE: Record<Lang, string> = { en: "en-GB", zh: "zh-CN" };

export function clockTime(lang: Lang, timestamp: string): string {
  return new Intl.DateTimeFormat(LOCALE[lang], { hour: "2-digit", minute: "2-digit" }).format(new Date(timestamp));
}

/** "Today", "Yesterday" or a date; the year only when it is another one. */
export function dayName(lang: Lang, timestamp: string, now: Date): string {
  const day = new Date(timestamp);
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (day.toDateString() === now.toDateString()) return translate(lang, "today");
  if (day.toDateString() === yesterday.toDateString()) return translate(lang, "yesterday");
  const options: Intl.DateTimeFormatOptions = { weekday: "short", month: "long", day: "numeric" };
  if (day.getFullYear() !== now.getFullYear()) options.year = "numeric";
  return new Intl.DateTimeFormat(LOCALE[lang], options).format(day);
}

/** The clock time for today, else the short day. */
export function shortTime(lang: Lang, timestamp: string, now: Date): string {
  const day = new Date(timestamp);
  if (day.toDateString() === now.toDateString()) return clockTime(lang, timestamp);
  return new Intl.DateTimeFormat(LOCALE[lang], { month: "short", day: "numeric" }).format(day);
}

export const LangContext = createContext<Lang>("en");

export function useStrings(): { lang: Lang; t: (key: StringKey, params?: Params) => string } {
  const lang = useContext(LangContext);
  return { lang, t: (key, params) => translate(lang, key, params) };
}
