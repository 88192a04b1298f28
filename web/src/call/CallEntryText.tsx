import { PhoneIcon, VideoIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";
import { entryText, isMissed, type CallEntry } from "./entry";

/** A call among the messages. */
export function CallEntryText({ entry, own }: { entry: CallEntry; own: boolean }) {
  const { t } = useStrings();
  return (
    <span
      className={isMissed(entry, own) ? "call-entry missed" : "call-entry"} data-testid="call-entry"
      data-reason={entry.reason} data-duration={entry.duration}
    >
      {entry.video ? <VideoIcon /> : <PhoneIcon />}
      {entryText(t, entry, own)}
    </span>
  );
}
