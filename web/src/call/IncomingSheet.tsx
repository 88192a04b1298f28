import { Avatar } from "../ui/Avatar";
import { HangUpIcon, PhoneIcon, VideoIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";
import type { Incoming } from "./state";

interface IncomingSheetProps {
  incoming: Incoming;
  name: string;
  onAccept: (video: boolean) => void;
  onDecline: () => void;
}

/** Takes no focus: a key meant for the message that is being written must not answer a call. */
export function IncomingSheet({ incoming, name, onAccept, onDecline }: IncomingSheetProps) {
  const { t } = useStrings();
  const text = t(incoming.video ? "incomingVideo" : "incomingVoice", { name });
  return (
    <div className="sheet" role="alertdialog" aria-label={text} data-testid="incoming-call" data-call-id={incoming.callId}>
      <div className="sheet-who">
        <span className="pulse"><Avatar userId={incoming.from} name={name} /></span>
        <div className="grow">
          <strong className="clip" dir="auto">{name}</strong>
          <span className="muted" role="status">{text}</span>
        </div>
      </div>
      <div className="sheet-actions">
        <button className="answer no" type="button" data-testid="decline" onClick={onDecline}>
          <HangUpIcon />
          {t("decline")}
        </button>
        <button className="answer yes" type="button" data-testid="accept-audio" onClick={() => onAccept(false)}>
          <PhoneIcon />
          {t("acceptAudio")}
        </button>
        <button className="answer yes" type="button" data-testid="accept-video" onClick={() => onAccept(true)}>
          <VideoIcon />
          {t("acceptVideo")}
        </button>
      </div>
    </div>
  );
}
