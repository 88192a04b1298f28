import { useRef } from "react";
import { CloseIcon, IdeaIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";
import type { TopicCard } from "./topics";

interface TopicPromptProps {
  card: TopicCard | null;
  onUse: () => void;
  onWave: () => void;
  onClose: () => void;
}

/** Something to talk about. It takes no focus: the talk goes on, and whoever wants it finds it by Tab. */
export function TopicPrompt({ card, onUse, onWave, onClose }: TopicPromptProps) {
  const { t } = useStrings();
  const place = useRef<HTMLDivElement>(null);
  /** The pressed button goes away; the focus stays here, and does not begin anew at the top of the page. */
  const then = (act: () => void) => (): void => {
    act();
    place.current?.focus();
  };
  return (
    <div className="topic-place" ref={place} tabIndex={-1}>
      <span className="unseen" role="status">{card === null ? "" : `${t("topicTitle")}: ${card.prompt.text}`}</span>
      {card?.size === "open" && (
        <section className="topic-card" aria-label={t("topicTitle")} data-testid="topic-prompt" data-size="open">
          <p className="topic-head">
            <IdeaIcon />
            {card.prompt.topic === undefined ? t("topicTitle") : t("topicOf", { topic: card.prompt.topic })}
          </p>
          <p className="topic-text" dir="auto" data-testid="topic-text">{card.prompt.text}</p>
          <div className="topic-actions">
            <button className="line-button strong" type="button" data-testid="topic-use" onClick={then(onUse)}>
              {t("topicUse")}
            </button>
            <button className="line-button" type="button" data-testid="topic-wave" onClick={then(onWave)}>
              {t("topicWave")}
            </button>
          </div>
        </section>
      )}
      {card?.size === "small" && (
        <section className="topic-card small" aria-label={t("topicTitle")} data-testid="topic-prompt" data-size="small">
          <IdeaIcon />
          <p className="topic-text grow" dir="auto" data-testid="topic-text">{card.prompt.text}</p>
          <button
            className="icon-button" type="button" data-testid="topic-close" aria-label={t("topicClose")}
            title={t("topicClose")} onClick={then(onClose)}
          >
            <CloseIcon />
          </button>
        </section>
      )}
    </div>
  );
}
