import { CallButtons } from "../call/CallButtons";
import { Avatar } from "../ui/Avatar";
import { BackIcon } from "../ui/icons";
import { shortTime, useStrings } from "../ui/i18n";
import type { Client } from "./client";
import { othersOf, titleOf, type Room } from "./room";

export function ChatHeader({ client, room }: { client: Client; room: Room }) {
  const { lang, t } = useStrings();
  const others = othersOf(room, client.me);
  const [peer] = others;
  const online = others.some((member) => member.online);
  const title = titleOf(room, client.me);
  const seen = peer?.lastSeen;
  const away = seen ? t("lastSeen", { time: shortTime(lang, seen, new Date()) }) : t("offline");
  return (
    <header className="bar">
      <button
        className="icon-button back" type="button" data-testid="back" aria-label={t("back")}
        onClick={() => client.close()}
      >
        <BackIcon />
      </button>
      <Avatar userId={peer?.userId ?? room.matchId} name={title} online={online} />
      <div className="grow">
        <h2 className="clip" dir="auto">{title}</h2>
        <span className={online ? "peer-status on" : "peer-status"} data-testid="peer-status">
          {online ? t("online") : away}
        </span>
      </div>
      {others.length === 1 && (
        <CallButtons calls={client.calls} matchId={room.matchId} online={client.store.get().status === "online"} />
      )}
    </header>
  );
}
