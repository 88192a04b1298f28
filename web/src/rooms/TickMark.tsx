import { AlertIcon, CheckIcon, ClockIcon, DoubleCheckIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";
import type { StringKey } from "../ui/strings";
import type { Ticks } from "./ticks";

type Mark = Ticks | "sending" | "failed";

const LABELS: Record<Mark, StringKey> = {
  sending: "tickSending",
  sent: "tickSent",
  delivered: "tickDelivered",
  read: "tickRead",
  failed: "tickFailed",
};

const ICONS: Record<Mark, () => React.JSX.Element> = {
  sending: ClockIcon,
  sent: CheckIcon,
  delivered: DoubleCheckIcon,
  read: DoubleCheckIcon,
  failed: AlertIcon,
};

export function TickMark({ ticks, testId }: { ticks: Mark; testId?: string }) {
  const { t } = useStrings();
  const label = t(LABELS[ticks]);
  const Icon = ICONS[ticks];
  return (
    <span className={`ticks ${ticks}`} role="img" aria-label={label} title={label} data-testid={testId} data-state={ticks}>
      <Icon />
    </span>
  );
}
