import type { Member } from "../session/wire";
import { useStrings } from "../ui/i18n";
import type { TypingUntil } from "./typing";

/** Always takes its line, so that the messages do not jump. */
export function TypingLine({ others, until }: { others: Member[]; until: TypingUntil }) {
  const { t } = useStrings();
  const names = others.filter((member) => until[member.userId] !== undefined).map((member) => member.name);
  return (
    <div className="typing-line" aria-live="polite">
      {names.length > 0 && (
        <span data-testid="typing" dir="auto">
          <span className="typing-dots" aria-hidden="true"><i /><i /><i /></span>
          {t("typing", { name: names.join(", ") })}
        </span>
      )}
    </div>
  );
}
