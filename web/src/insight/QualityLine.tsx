import { useCallback, useRef, useState } from "react";
import { useWatched } from "../call/store";
import { ChevronIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";
import { LevelBars } from "./LevelBars";
import type { LiveInsight } from "./live";
import type { Level } from "./quality";
import { QualityFigures } from "./QualityFigures";
import { levelKey } from "./views";

interface QualityLineProps {
  insight: LiveInsight;
  me: string;
  nameOf: (userId: string) => string;
}

/** How well both directions go; opens the figures. */
export function QualityLine({ insight, me, nameOf }: QualityLineProps) {
  const { t } = useStrings();
  const { quality } = useWatched(insight.store);
  const [open, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const close = useCallback((): void => {
    setOpen(false);
    opener.current?.focus();
  }, []);
  const way = (name: "sending" | "receiving", level: Level | undefined) => level !== undefined && (
    <span className="way" data-testid={`quality-${name}`} data-level={level}>
      <LevelBars level={level} />
      {t(name === "sending" ? "sendingIs" : "receivingIs", { level: t(levelKey(level)) })}
    </span>
  );
  // The line keeps its place, so that the picture below does not jump when the first figures come.
  return (
    <div className="quality-line">
      {quality !== null && (
        <button
          className="quality-button" type="button" data-testid="quality-line" ref={opener} aria-expanded={open}
          title={t("statistics")} onClick={() => setOpen(!open)}
        >
          <span className="unseen">{t("qualityTitle")}: </span>
          {way("sending", quality.sending?.level)}
          {way("receiving", quality.receiving?.level)}
          <ChevronIcon />
        </button>
      )}
      {quality !== null && open && <QualityFigures legs={quality.legs} me={me} nameOf={nameOf} onClose={close} />}
    </div>
  );
}
