import { useEffect, useRef } from "react";
import { CloseIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";
import { LevelBars } from "./LevelBars";
import type { Leg } from "./quality";
import { figures, legTitle, levelKey } from "./views";

interface QualityFiguresProps {
  legs: readonly Leg[];
  me: string;
  nameOf: (userId: string) => string;
  onClose: () => void;
}

/** The figures of the last second, a line for each person and direction. */
export function QualityFigures({ legs, me, nameOf, onClose }: QualityFiguresProps) {
  const { t } = useStrings();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <div
      className="quality-figures" ref={box} role="group" tabIndex={-1} aria-label={t("statistics")}
      data-testid="quality-figures" onKeyDown={({ key }) => (key === "Escape" ? onClose() : undefined)}
    >
      <div className="figures-head">
        <strong>{t("statistics")}</strong>
        <button
          className="icon-button" type="button" data-testid="figures-close" aria-label={t("dismiss")} title={t("dismiss")}
          onClick={onClose}
        >
          <CloseIcon />
        </button>
      </div>
      <table>
        <thead>
          <tr>
            <th scope="col"><span className="unseen">{t("whoseLeg")}</span></th>
            {(["figureMos", "figureLoss", "figureRtt", "figureBitrate"] as const).map((key) => (
              <th key={key} scope="col">{t(key)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {legs.map((leg) => {
            const { mos, loss, rtt, bitrate } = figures(leg);
            return (
              <tr key={`${leg.userId} ${leg.direction}`} data-testid={`leg-${leg.direction}`} data-user={leg.userId}>
                <th scope="row" dir="auto">
                  <span className="whose">
                    <LevelBars level={leg.level} />
                    <span>
                      <span className="unseen">{t(levelKey(leg.level))}: </span>
                      {legTitle(t, leg, me, nameOf(leg.userId))}
                    </span>
                  </span>
                </th>
                <td>{mos}</td>
                <td>{loss}</td>
                <td>{rtt}</td>
                <td>{bitrate}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
