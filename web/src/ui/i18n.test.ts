import { describe, expect, it } from "vitest";
import { message } from "../rooms/fixtures";
import { summaryOf } from "../rooms/summary";
import { errorText } from "./errors";
import { dayName, initialLang, shortTime, translate, type Params } from "./i18n";
import { STRINGS, type StringKey } from "./strings";

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();

describe("strings", () => {
  it("have the same keys in both languages", () => {
    expect(Object.keys(STRINGS.zh).sort()).toEqual(Object.keys(STRINGS.en).sort());
  });

  it("have the same placeholders in both languages, and no empty text", () => {
    for (const key of Object.keys(STRINGS.en) as StringKey[]) {
      expect(placeholders(STRINGS.zh[key]), key).toEqual(placeholders(STRINGS.en[key]));
      expect(STRINGS.zh[key].trim() && STRINGS.en[key].trim(), key).not.toBe("");
    }
  });

  it("are really translated", () => {
    const same = (Object.keys(STRINGS.en) as StringKey[]).filter((key) => STRINGS.en[key] === STRINGS.zh[key]);
    expect(same.sort()).toEqual(["appName", "deviceNameless", "reactions"]);
  });
});

describe("language", () => {
  it("is what was kept, else the browser's when Chinese, else English", () => {
    expect(initialLang("zh", ["en"])).toBe("zh");
    expect(initialLang(null, ["zh-TW", "en"])).toBe("zh");
    expect(initialLang("de", ["de", "zh"])).toBe("en");
    expect(initialLang(null, [])).toBe("en");
  });

  it("fills in names and leaves unknown placeholders alone", () => {
    expect(translate("en", "typing", { name: "Bo $&" })).toBe("Bo $& is typing…");
    expect(translate("zh", "round", { round: 1 })).toBe("第 1 题，共 {rounds} 题");
  });
});

describe("times", () => {
  const now = new Date(2026, 0, 5, 12, 0);
  const at = (...date: [number, number, number, number?]) => new Date(date[0], date[1], date[2], date[3] ?? 9).toISOString();

  it("name today and yesterday", () => {
    expect(dayName("en", at(2026, 0, 5), now)).toBe("Today");
    expect(dayName("zh", at(2026, 0, 4), now)).toBe("昨天");
  });

  it("show the year only of another year", () => {
    expect(dayName("en", at(2026, 0, 2), now)).not.toContain("2026");
    expect(dayName("en", at(2025, 11, 31), now)).toContain("2025");
  });

  it("are a clock time today and a date before", () => {
    expect(shortTime("en", at(2026, 0, 5, 9), now)).toBe("09:00");
    expect(shortTime("en", at(2026, 0, 2), now)).toContain("Jan");
  });
});

describe("errorText", () => {
  it("is the server's text, with the wait where there is one", () => {
    expect(errorText("en", { code: "blocked", message: "blocked", retryable: false })).toBe("blocked");
    const limited = { code: "rate_limited", message: "slow down", retryable: true, retryAfterMs: 1_200 } as const;
    expect(errorText("en", limited)).toBe("slow down (try again in 2 s)");
  });

  it("is ours when the server was not reached", () => {
    expect(errorText("zh", { code: "unavailable", message: "", retryable: true })).toBe("无法连接到服务器。");
  });
});

describe("summaryOf", () => {
  const t = (key: StringKey, params?: Params) => translate("en", key, params);

  it("shows text as it is and names the rest", () => {
    expect(summaryOf(t, message(1, { content: "<b>שלום 👋🏽</b>" }))).toBe("<b>שלום 👋🏽</b>");
    expect(summaryOf(t, message(1, { type: "location", content: { lat: 48.2, lon: 16.37 } }))).toBe("A place: 48.2000, 16.3700");
    expect(summaryOf(t, message(1, { type: "image", content: { fileId: "f" } }))).toBe("A message of type image");
    expect(summaryOf(t, message(1, { type: "system", content: { text: "Welcome" } }))).toBe("Welcome");
  });

  it("shows nothing of a deleted message", () => {
    expect(summaryOf(t, message(1, { deleted: true, content: "old" }))).toBe("This message was deleted.");
  });
});
