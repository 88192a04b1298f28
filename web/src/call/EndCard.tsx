import { useEffect } from "react";
import { Avatar } from "../ui/Avatar";
import { errorText } from "../ui/errors";
import { CloseIcon, PhoneIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";
import type { Over } from "./state";
import { mayCallAgain, reasonKey, spoken } from "./views";

/** Long enough to read; whoever wants to know later finds the entry in the chat. */
const SHOWN_MS = 20_000;

interface EndCardProps {
  over: Over;
  peerId: string;
  name: string;
  /** There is more to read: it does not leave by itself. */
  stays: boolean;
  onAgain: () => void;
  onClose: () => void;
}

export function EndCard({ over, peerId, name, stays, onAgain, onClose }: EndCardProps) {
  const { lang, t } = useStrings();
  const whyOf = ({ reason, error, faults }: Over): string => {
    if (error !== null && error.code !== "gone") return errorText(lang, error);
    if (reason !== null || error !== null) return t(reasonKey(reason));
    return t(faults.microphone === "insecure" ? "devicesInsecure" : "noMicrophone");
  };
  // What went wrong stays until it is closed.
  const passing = over.reason !== null && !stays;
  useEffect(() => {
    if (!passing) return;
    const timer = setTimeout(onClose, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [passing, onClose]);

  const why = whyOf(over);
  return (
    <section
      className="end-card" role="status" data-testid="call-ended" data-reason={over.reason ?? "refused"}
      data-duration={over.duration}
    >
      <Avatar userId={peerId} name={name} />
      <div className="grow">
        <strong className="clip" dir="auto">{name}</strong>
        <span className="muted">
          <span data-testid="end-reason">{why}</span>
          {over.duration > 0 && <> · <span data-testid="end-duration">{spoken(t, over.duration)}</span></>}
        </span>
      </div>
      {mayCallAgain(over) && (
        <button className="button small" type="button" data-testid="call-again" onClick={onAgain}>
          <PhoneIcon />
          {t("callAgain")}
        </button>
      )}
      <button
        className="icon-button" type="button" data-testid="end-close" aria-label={t("dismiss")} title={t("dismiss")}
        onClick={onClose}
      >
        <CloseIcon />
      </button>
    </section>
  );
}
