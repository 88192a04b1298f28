import { Avatar } from "../ui/Avatar";
import { shortTime, useStrings } from "../ui/i18n";
import type { Client } from "./client";
import { othersOf, titleOf, type Room } from "./room";
import { roomOrder, type State } from "./state";
import { summaryOf } from "./summary";

function RoomItem({ client, room, state }: { client: Client; room: Room; state: State }) {
  const { lang, t } = useStrings();
  const [peer] = othersOf(room, state.me);
  const title = titleOf(room, state.me);
  const last = room.lastMessage;
  const empty = room.lastSeq === 0 ? t("newMatch") : "";
  const typing = othersOf(room, state.me).find((member) => room.typing[member.userId] !== undefined);
  return (
    <li>
      <button
        className="row" type="button" data-testid={`room-${room.matchId}`}
        aria-current={state.openId === room.matchId ? "page" : undefined}
        onClick={() => client.open(room.matchId)}
      >
        <Avatar userId={peer?.userId ?? room.matchId} name={title} online={peer?.online ?? false} />
        <span className="grow">
          <span className="line">
            <strong className="clip" dir="auto">{title}</strong>
            {last !== null && <time dateTime={last.timestamp}>{shortTime(lang, last.timestamp, new Date())}</time>}
          </span>
          <span className="line">
            <span className="clip muted" dir="auto">
              {typing !== undefined ? t("typing", { name: typing.name }) : last === null ? empty : summaryOf(t, last)}
            </span>
            {room.unread > 0 && (
              <span className="badge" aria-label={t("unread", { count: room.unread })}>{room.unread}</span>
            )}
          </span>
        </span>
      </button>
    </li>
  );
}

export function RoomList({ client, state }: { client: Client; state: State }) {
  const { t } = useStrings();
  const rooms = roomOrder(state);
  return (
    <section aria-labelledby="chats-title">
      <h2 id="chats-title">{t("chats")}</h2>
      {rooms.length === 0 && <p className="muted hint">{t("noChats")}</p>}
      <ul className="plain">
        {rooms.map((room) => (
          <RoomItem key={room.matchId} client={client} room={room} state={state} />
        ))}
      </ul>
    </section>
  );
}
