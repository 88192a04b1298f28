import { ErrorNote } from "../ui/ErrorNote";
import { clockTime, useStrings } from "../ui/i18n";
import type { Client } from "./client";
import type { Pending } from "./outbox";
import { TickMark } from "./TickMark";

/** One's own message before the server has stored it. */
export function PendingBubble({ client, pending }: { client: Client; pending: Pending }) {
  const { lang, t } = useStrings();
  const failed = pending.state === "failed";
  return (
    <li className="message own" data-testid={`pending-${pending.clientId}`}>
      <div className="message-line">
        <div className={failed ? "bubble failed" : "bubble"}>
          <span className="text" dir="auto">{pending.content}</span>
          <span className="meta">
            <time dateTime={pending.createdAt}>{clockTime(lang, pending.createdAt)}</time>
            <TickMark ticks={failed ? "failed" : "sending"} />
          </span>
        </div>
      </div>
      {failed && (
        <ErrorNote error={pending.error}>
          <button className="button small" type="button" onClick={() => client.retry(pending.clientId)}>
            {t("tryAgain")}
          </button>
          <button className="button small" type="button" onClick={() => client.discard(pending.clientId)}>
            {t("discard")}
          </button>
        </ErrorNote>
      )}
    </li>
  );
}
