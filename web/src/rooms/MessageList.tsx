import { useMemo, useState } from "react";
import type { Message } from "../session/wire";
import { ErrorNote } from "../ui/ErrorNote";
import { dayName, useStrings } from "../ui/i18n";
import type { Client } from "./client";
import { runsOf, type Run } from "./groups";
import { MessageBubble } from "./MessageBubble";
import type { Outbox } from "./outbox";
import { PendingBubble } from "./PendingBubble";
import { othersOf, type Room } from "./room";
import { useAnchoredScroll } from "./useAnchoredScroll";

interface MessageListProps {
  client: Client;
  room: Room;
  outbox: Outbox;
  onEdit: (message: Message) => void;
  onBottom: (atBottom: boolean) => void;
}

export function MessageList({ client, room, outbox, onEdit, onBottom }: MessageListProps) {
  const { lang, t } = useStrings();
  const [menuId, setMenuId] = useState<string | null>(null);
  const pending = outbox.filter((item) => item.matchId === room.matchId);
  const runs = useMemo(() => runsOf(room.timeline), [room.timeline]);
  const { box, onScroll } = useAnchoredScroll(room, pending.length, onBottom, () => void client.loadOlder(room.matchId));
  const group = othersOf(room, client.me).length > 1;
  const nameOf = (userId: string): string =>
    room.members.find((member) => member.userId === userId)?.name ?? userId;

  const showRun = (run: Run) => (
    <li key={run.key}>
      {run.day !== null && (
        <div className="day"><span>{dayName(lang, run.day, new Date())}</span></div>
      )}
      <ol className={run.from === client.me ? "run own" : "run"}>
        {group && run.from !== client.me && <li className="run-name" dir="auto">{nameOf(run.from)}</li>}
        {run.messages.map((message) => (
          <MessageBubble
            key={message.seq} client={client} room={room} message={message} nameOf={nameOf}
            menuOpen={menuId === message.messageId}
            onMenu={(open) => setMenuId(open ? message.messageId : null)} onEdit={onEdit}
          />
        ))}
      </ol>
    </li>
  );

  return (
    <div className="messages" ref={box} onScroll={onScroll} tabIndex={0} role="region" aria-label={t("messages")}>
      <div className="history">
        {room.olderMore ? (
          <button
            className="button small" type="button" disabled={room.loading}
            onClick={() => void client.loadOlder(room.matchId)}
          >
            {t(room.loading ? "loading" : "loadEarlier")}
          </button>
        ) : (
          <span className="muted">{t(room.joined ? "beginning" : "loading")}</span>
        )}
        <ErrorNote error={room.faults.history} />
      </div>
      <ol className="runs">{runs.map(showRun)}</ol>
      {pending.length > 0 && (
        <ol className="run own">
          {pending.map((item) => (
            <PendingBubble key={item.clientId} client={client} pending={item} />
          ))}
        </ol>
      )}
    </div>
  );
}
