/** What stands in the page, in both languages; that it works is seen in a browser (tests/e2e). */
import type { ReactElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { LangContext } from "../ui/i18n";
import type { Lang } from "../ui/strings";
import { CauseLine } from "./CauseLine";
import { cause, leg, notice, quality, summary, topic } from "./fixtures";
import { NoticeList } from "./NoticeList";
import { told } from "./notices";
import { reported, type ShownCause } from "./quality";
import { QualityFigures } from "./QualityFigures";
import { SummaryCard } from "./SummaryCard";
import { TopicPrompt } from "./TopicPrompt";
import { NO_TOPICS, offered, used } from "./topics";

const nothing = (): void => undefined;
const nameOf = (userId: string): string => ({ ana: "Ana", bo: "Bo" })[userId] ?? userId;
const html = (element: ReactElement, lang: Lang = "en"): string =>
  renderToStaticMarkup(<LangContext value={lang}>{element}</LangContext>);
/** Without tags, as it is read. */
const text = (element: ReactElement, lang: Lang = "en"): string => html(element, lang).replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

describe("a notice", () => {
  const list = (userId: string, kind: Parameters<typeof notice>[0]) => (
    <NoticeList
      notices={told([], notice(kind, userId, "<b>Bo</b> is hard to hear"), 0)} me="ana" nameOf={nameOf}
      onDismiss={nothing} onUnmute={nothing}
    />
  );

  it("names the side that it tells of, in the server's words, which are text", () => {
    expect(html(list("bo", "poor_uplink"))).toContain("&lt;b&gt;Bo&lt;/b&gt; is hard to hear");
    expect(text(list("bo", "poor_uplink"))).toMatch(/^ Bo /);
    expect(text(list("ana", "poor_uplink"))).toMatch(/^ You /);
    expect(html(list("bo", "poor_uplink"))).not.toContain("notice-unmute");
  });

  it("offers to unmute whom nobody hears, in words of the second person", () => {
    expect(text(list("ana", "muted_while_speaking"), "zh")).toContain("你正在说话，但麦克风已静音。");
    expect(html(list("ana", "muted_while_speaking"))).toContain("notice-unmute");
    expect(html(list("bo", "muted_while_speaking"))).not.toContain("notice-unmute");
  });
});

describe("a cause", () => {
  it("is said aloud in its first words, and shown in its newest", () => {
    const blamed = (amount: number, now: number, before: Parameters<typeof reported>[0]) =>
      reported(before, quality([], cause("loss", "bo", "up", `Bo's uplink loses ${amount} %`), "move closer"), "ana", now);
    const shown = blamed(9, 3_000, blamed(8, 0, null)).cause as ShownCause;
    expect(html(<CauseLine shown={shown} />)).toMatch(/role="status">Bo&#x27;s uplink loses 8 %. move closer<.*loses 9 %/);
    expect(text(<CauseLine shown={null} />).trim()).toBe("");
  });
});

it("the figures say each level in words beside its bars", () => {
  const legs = [leg("ana", "up", "good", { mos: 4.3 }), leg("bo", "up", "lost", { loss: 1, bitrate: 0 })];
  const shown = text(<QualityFigures legs={legs} me="ana" nameOf={nameOf} onClose={nothing} />);
  expect(shown).toContain("good: You, sending 4.3 0 % – 40 kbit/s");
  expect(shown).toContain("cut off: Bo, sending – 100 % – 0 kbit/s");
});

describe("a topic", () => {
  const open = offered(NO_TOPICS, topic("p1"), 0);
  const place = (card: typeof open.card) => <TopicPrompt card={card} onUse={nothing} onWave={nothing} onClose={nothing} />;

  it("is read aloud from a place that is there before it comes", () => {
    expect(html(place(null))).toContain('role="status"></span>');
    expect(html(place(open.card))).toContain('role="status">Something to talk about: What about p1?</span>');
  });

  it("is used or waved away while it is open, and only closed when it is small", () => {
    const small = html(place(used(open, 5).card));
    for (const id of ["topic-use", "topic-wave"]) {
      expect(html(place(open.card))).toContain(id);
      expect(small).not.toContain(id);
    }
    expect(small).toContain("topic-close");
  });
});

describe("a summary", () => {
  const card = (changes?: Parameters<typeof summary>[0]) => <SummaryCard summary={summary(changes)} me="ana" name="Bo" nameOf={nameOf} />;

  it("tells all that became of the call", () => {
    const shown = text(card());
    for (const part of [
      "Duration 3 min 5 s", "Longest silence 9 s", "You to Bo: good", "Bo to you: fair", "You 62 % Bo 38 %",
      "Which trip would you do again? — the talk went on", "Ask how the hike on Sunday went.",
    ]) expect(shown).toContain(part);
    expect(text(card(), "zh")).toContain("Bo到你：一般");
  });

  it("leaves out what there was none of", () => {
    const talk = { shares: [], overlaps: 0, longestSilenceMs: 0, turns: 0 };
    const shown = text(card({ quality: [], prompts: [], followUps: [], talk }));
    expect(shown).toContain("Nobody spoke");
    expect(shown).toContain("None to speak of");
    for (const part of ["Quality", "Topics shown", "For next time"]) expect(shown).not.toContain(part);
  });
});
