import { CloseIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";
import type { Client } from "./client";
import { titleOf } from "./room";
import type { State } from "./state";

/** Tells of a match that somebody else made. */
export function MatchNotice({ client, state }: { client: Client; state: State }) {
  const { t } = useStrings();
  const room = state.matchedId === null ? undefined : state.rooms[state.matchedId];
  return (
    <div role="status">
      {room !== undefined && (
        <div className="match-notice">
          <span dir="auto">{t("matchedWith", { name: titleOf(room, state.me) })}</span>
          <button className="button small" type="button" onClick={() => client.open(room.matchId)}>
            {t("openChat")}
          </button>
          <button
            className="icon-button" type="button" aria-label={t("dismiss")}
            onClick={() => client.matchedSeen()}
          >
            <CloseIcon />
          </button>
        </div>
      )}
    </div>
  );
}
