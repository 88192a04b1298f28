import { useEffect, useRef } from "react";
import { useStrings } from "../ui/i18n";

const EMOJIS = ["❤️", "😂", "👍", "😮", "😢", "🎉"];

interface MessageMenuProps {
  reactions: Record<string, string[]>;
  me: string;
  canEdit: boolean;
  canDelete: boolean;
  onReact: (emoji: string, on: boolean) => void;
  onEdit: () => void;
  onDelete: () => void;
  onClose: () => void;
}

/** Opens below the message, in the flow, so that nothing can cut it off. */
export function MessageMenu({
  reactions, me, canEdit, canDelete, onReact, onEdit, onDelete, onClose,
}: MessageMenuProps) {
  const { t } = useStrings();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.scrollIntoView({ block: "nearest" });
    box.current?.querySelector("button")?.focus({ preventScroll: true });
  }, []);
  return (
    <div
      className="message-menu" ref={box} role="group" aria-label={t("messageMenu")}
      onKeyDown={(event) => (event.key === "Escape" ? onClose() : undefined)}
    >
      <div className="emojis">
        {EMOJIS.map((emoji) => {
          const on = reactions[emoji]?.includes(me) ?? false;
          return (
            <button
              key={emoji} className="emoji" type="button" aria-pressed={on} aria-label={t("react", { emoji })}
              onClick={() => onReact(emoji, !on)}
            >
              {emoji}
            </button>
          );
        })}
      </div>
      {canDelete && (
        <div className="changes">
          {canEdit && <button className="button small" type="button" onClick={onEdit}>{t("edit")}</button>}
          <button className="button small danger" type="button" onClick={onDelete}>{t("delete")}</button>
        </div>
      )}
    </div>
  );
}
