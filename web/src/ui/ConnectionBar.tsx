import type { Status } from "../session/status";
import { useStrings } from "./i18n";
import type { StringKey } from "./strings";

const TEXTS: Partial<Record<Status, StringKey>> = {
  connecting: "statusConnecting",
  reconnecting: "statusReconnecting",
  offline: "statusOffline",
  auth_expired: "statusAuthExpired",
  closed: "statusClosed",
};

interface ConnectionBarProps {
  status: Status;
  reason: string | null;
  onReconnect: () => void;
  onLogin: () => void;
}

/** Says what is wrong with the connection, and nothing while all is well. */
export function ConnectionBar({ status, reason, onReconnect, onLogin }: ConnectionBarProps) {
  const { t } = useStrings();
  const key = TEXTS[status];
  return (
    <div role="status" data-testid="connection" data-status={status}>
      {key !== undefined && (
        <div className={`connection-bar ${status}`}>
          <span>{t(key, { reason: reason ?? "" })}</span>
          {status === "auth_expired" && (
            <button className="button small" type="button" onClick={onLogin}>{t("logInAgain")}</button>
          )}
          {status === "closed" && (
            <button className="button small" type="button" onClick={onReconnect}>{t("reconnect")}</button>
          )}
        </div>
      )}
    </div>
  );
}
