import { useEffect, useLayoutEffect, useRef, type KeyboardEvent, type RefObject } from "react";
import { SendIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";

/** Without a key for this long one counts as having stopped typing. */
const PAUSE_MS = 4_000;
const MAX_CHARACTERS = 4_000;

interface ComposerProps {
  inputRef: RefObject<HTMLTextAreaElement | null>;
  text: string;
  editing: boolean;
  onText: (text: string) => void;
  onSubmit: () => void;
  onCancel: () => void;
  onPause: () => void;
}

export function Composer({ inputRef, text, editing, onText, onSubmit, onCancel, onPause }: ComposerProps) {
  const { t } = useStrings();
  const pause = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(pause.current), []);

  useLayoutEffect(() => {
    const element = inputRef.current;
    if (element === null) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight + 2}px`;
  }, [inputRef, text]);

  function change(next: string): void {
    onText(next);
    clearTimeout(pause.current);
    if (next !== "") pause.current = setTimeout(onPause, PAUSE_MS);
  }

  function submit(): void {
    clearTimeout(pause.current);
    onSubmit();
    inputRef.current?.focus();
  }

  function key(event: KeyboardEvent): void {
    // Enter that ends a composition (Chinese, Japanese ...) chooses a word; 229 is how Safari says so.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape" && editing) onCancel();
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    submit();
  }

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {editing && (
        <div className="editing">
          <span>{t("editing")}</span>
          <button className="button small" type="button" onClick={onCancel}>{t("cancel")}</button>
        </div>
      )}
      <div className="composer-line">
        <textarea
          ref={inputRef} data-testid="composer" rows={1} dir="auto" value={text} maxLength={MAX_CHARACTERS}
          aria-label={t("composerLabel")} placeholder={t("composerPlaceholder")} enterKeyHint="send"
          onChange={(event) => change(event.target.value)} onKeyDown={key}
        />
        <button
          className="send" type="submit" data-testid="send" disabled={text.trim() === ""}
          aria-label={t(editing ? "save" : "send")} title={t(editing ? "save" : "send")}
        >
          <SendIcon />
        </button>
      </div>
    </form>
  );
}
