import { CloseIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";
import type { Notice, Notices } from "./notices";

interface NoticeListProps {
  notices: Notices;
  me: string;
  nameOf: (userId: string) => string;
  onDismiss: (key: string) => void;
  onUnmute: () => void;
}

type LineProps = Omit<NoticeListProps, "notices"> & { notice: Notice };

function NoticeLine({ notice, me, nameOf, onDismiss, onUnmute }: LineProps) {
  const { t } = useStrings();
  const own = notice.userId === me;
  const speaking = own && notice.kind === "muted_while_speaking";
  const text = speaking ? t("speakingMuted") : notice.text;
  return (
    <li
      className="call-line notice" data-testid="call-notice" data-kind={notice.kind} data-user={notice.userId}
      data-whose={own ? "own" : "other"}
    >
      {!speaking && <span className="side clip" dir="auto">{own ? t("noticeOwn") : nameOf(notice.userId)}</span>}
      <span className="grow" dir="auto">{text}</span>
      {speaking && (
        <button className="line-button" type="button" data-testid="notice-unmute" onClick={onUnmute}>{t("unmute")}</button>
      )}
      <button
        className="icon-button" type="button" data-testid="notice-dismiss" aria-label={t("putAway", { text })}
        title={t("dismiss")} onClick={() => onDismiss(notice.key)}
      >
        <CloseIcon />
      </button>
    </li>
  );
}

/** What was noticed about the people in the call, each with the side that it tells of. */
export function NoticeList({ notices, ...rest }: NoticeListProps) {
  const { t } = useStrings();
  return (
    <ul className="notice-list" aria-label={t("noticesTitle")} aria-live="polite">
      {notices.map((notice) => <NoticeLine key={notice.key} notice={notice} {...rest} />)}
    </ul>
  );
}
