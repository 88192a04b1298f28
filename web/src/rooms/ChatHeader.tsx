import { CallButtons } from "../call/CallButtons";
import { Avatar } from "../ui/Avatar";
import { BackIcon, PlaceIcon } from "../ui/icons";
import { shortTime, useStrings } from "../ui/i18n";
import type { Client } from "./client";
import { othersOf, titleOf, type Room } from "./room";

export function ChatHeader({ client, room, onScene }: { client: Client; room: Room; onScene: () => void }) {
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
      <button
        className="icon-button" type="button" data-testid="scene-button" aria-label={t("enterScene")}
        title={t("enterScene")} disabled={client.store.get().status !== "online"} onClick={onScene}
      >
        <PlaceIcon />
      </button>
      {others.length === 1 && (
        <CallButtons calls={client.calls} matchId={room.matchId} online={client.store.get().status === "online"} />
      )}
    </header>
  );
}
