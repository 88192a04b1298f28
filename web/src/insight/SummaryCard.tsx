import { spoken } from "../call/views";
import type { Down } from "../session/wire";
import { useStrings } from "../ui/i18n";
import { LevelBars } from "./LevelBars";
import { waysOf } from "./quality";
import { levelKey, sharesOf, type Share } from "./views";

type Summary = Down<"call_summary">;

interface SummaryCardProps {
  summary: Summary;
  me: string;
  /** The others, as one is named. */
  name: string;
  nameOf: (userId: string) => string;
}

function Ways({ summary, me, name }: Pick<SummaryCardProps, "summary" | "me" | "name">) {
  const { t } = useStrings();
  const { sending, receiving } = waysOf(summary.quality, me);
  return (
    <ul className="ways">
      {([["wayTo", sending], ["wayFrom", receiving]] as const).map(([key, level]) => level !== null && (
        <li key={key} data-testid={key === "wayTo" ? "summary-sending" : "summary-receiving"} data-level={level}>
          <LevelBars level={level} />
          <span dir="auto">{t(key, { name, level: t(levelKey(level)) })}</span>
        </li>
      ))}
    </ul>
  );
}

function Talk({ shares, nameOf }: { shares: readonly Share[]; nameOf: (userId: string) => string }) {
  const { t } = useStrings();
  if (shares.length === 0) return <p>{t("nobodySpoke")}</p>;
  const text = ({ own, userId, percent }: Share): string =>
    own ? t("shareOwn", { percent }) : t("shareOf", { name: nameOf(userId), percent });
  return (
    <div data-testid="summary-shares">
      <div className="share-bar" aria-hidden="true">
        {shares.map((share) => (
          <span key={share.userId} className={share.own ? "own" : undefined} style={{ flexGrow: share.percent }} />
        ))}
      </div>
      <ul className="share-words">
        {shares.map((share) => (
          <li key={share.userId} className={share.own ? "own" : undefined} dir="auto">{text(share)}</li>
        ))}
      </ul>
    </div>
  );
}

function Topics({ prompts }: Pick<Summary, "prompts">) {
  const { t } = useStrings();
  return (
    <ul className="summary-list">
      {prompts.map(({ promptId, text, resumed }) => (
        <li key={promptId} data-testid="summary-prompt" data-resumed={resumed}>
          <span dir="auto">{text}</span>
          <span className="muted"> — {t(resumed ? "talkResumed" : "talkStayedQuiet")}</span>
        </li>
      ))}
    </ul>
  );
}

/** What became of a call; stands below how it ended. */
export function SummaryCard({ summary, me, name, nameOf }: SummaryCardProps) {
  const { t } = useStrings();
  const { duration, talk, prompts, followUps } = summary;
  const silence = talk.longestSilenceMs / 1_000;
  return (
    <section className="summary" aria-label={t("summaryTitle")} data-testid="call-summary" data-call-id={summary.callId}>
      <dl>
        <div>
          <dt>{t("summaryDuration")}</dt>
          <dd data-testid="summary-duration">{spoken(t, duration)}</dd>
        </div>
        <div>
          <dt>{t("longestSilence")}</dt>
          <dd data-testid="summary-silence">{silence < 1 ? t("noSilence") : spoken(t, silence)}</dd>
        </div>
        {summary.quality.length > 0 && (
          <div>
            <dt>{t("summaryQuality")}</dt>
            <dd><Ways summary={summary} me={me} name={name} /></dd>
          </div>
        )}
        <div>
          <dt>{t("summaryTalk")}</dt>
          <dd><Talk shares={sharesOf(talk, me)} nameOf={nameOf} /></dd>
        </div>
        {prompts.length > 0 && (
          <div className="wide">
            <dt>{t("summaryTopics")}</dt>
            <dd><Topics prompts={prompts} /></dd>
          </div>
        )}
        {followUps.length > 0 && (
          <div className="wide">
            <dt>{t("followUps")}</dt>
            <dd>
              <ul className="summary-list">
                {followUps.map((text) => <li key={text} dir="auto" data-testid="follow-up">{text}</li>)}
              </ul>
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}
