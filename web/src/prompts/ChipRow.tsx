import { CloseIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";
import type { Chip, Chips } from "./chips";

interface ChipRowProps {
  chips: Chips;
  /** The one whose text is in the composer. */
  picked: Chip | null;
  onPick: (chip: Chip) => void;
  onDismiss: (chip: Chip) => void;
}

/** Suggestions: a tap puts one into the composer, where it can be changed; only the person sends it. */
export function ChipRow({ chips, picked, onPick, onDismiss }: ChipRowProps) {
  const { t } = useStrings();
  if (chips.length === 0) return null;
  return (
    <ul className="chips" aria-label={t("ideas")} aria-live="polite">
      {chips.map((chip, index) => (
        <li key={chip.id} className={picked?.id === chip.id ? "chip picked" : "chip"}>
          <button
            className="chip-text" type="button" dir="auto" data-testid={`chip-${index}`} data-kind={chip.kind}
            aria-pressed={picked?.id === chip.id} onClick={() => onPick(chip)}
          >
            {chip.text}
          </button>
          <button
            className="icon-button" type="button" data-testid={`chip-dismiss-${index}`}
            aria-label={`${t("dismissIdea")}: ${chip.text}`} onClick={() => onDismiss(chip)}
          >
            <CloseIcon />
          </button>
        </li>
      ))}
    </ul>
  );
}
