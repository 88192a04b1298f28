import { callEntry } from "../call/entry";
import { CallEntryText } from "../call/CallEntryText";
import type { Message } from "../session/wire";
import { ErrorNote } from "../ui/ErrorNote";
import { MoreIcon } from "../ui/icons";
import { clockTime, useStrings } from "../ui/i18n";
import type { Client } from "./client";
import { MessageMenu } from "./MessageMenu";
import { othersOf, type Room } from "./room";
import { summaryOf } from "./summary";
import { TickMark } from "./TickMark";
import { ticksOf } from "./ticks";
import { isTombstone } from "./timeline";

interface MessageBubbleProps {
  client: Client;
  room: Room;
  message: Message;
  nameOf: (userId: string) => string;
  menuOpen: boolean;
  onMenu: (open: boolean) => void;
  onEdit: (message: Message) => void;
}

export function MessageBubble({ client, room, message, nameOf, menuOpen, onMenu, onEdit }: MessageBubbleProps) {
  const { lang, t } = useStrings();
  const own = message.from === client.me;
  const gone = isTombstone(message);
  const call = gone ? null : callEntry(message);
  const others = othersOf(room, client.me).map((member) => member.userId);
  const react = (emoji: string, on: boolean): void => {
    onMenu(false);
    void client.react(room.matchId, message.messageId, emoji, on);
  };
  return (
    <li className={own ? "message own" : "message"} data-testid={`message-${message.seq}`}>
      <div className="message-line">
        <div className={gone ? "bubble gone" : "bubble"}>
          {call !== null
            ? <CallEntryText entry={call} own={own} />
            : <span className="text" dir="auto">{summaryOf(t, message)}</span>}
          <span className="meta">
            {message.editedAt !== undefined && !gone && <span>{t("edited")}</span>}
            <time dateTime={message.timestamp}>{clockTime(lang, message.timestamp)}</time>
            {own && !gone && <TickMark ticks={ticksOf(message.seq, others, room.cursors)} testId={`ticks-${message.seq}`} />}
          </span>
        </div>
        {!gone && (
          <button
            className="icon-button more" type="button" aria-label={t("messageMenu")} aria-expanded={menuOpen}
            data-testid={`menu-${message.seq}`} onClick={() => onMenu(!menuOpen)}
          >
            <MoreIcon />
          </button>
        )}
      </div>
      {!gone && <Reactions me={client.me} message={message} nameOf={nameOf} onReact={react} />}
      {menuOpen && !gone && (
        <MessageMenu
          reactions={message.reactions ?? {}} me={client.me}
          canEdit={own && message.type === "text"} canDelete={own && call === null}
          onReact={react} onClose={() => onMenu(false)}
          onEdit={() => {
            onMenu(false);
            onEdit(message);
          }}
          onDelete={() => {
            onMenu(false);
            void client.remove(room.matchId, message.messageId);
          }}
        />
      )}
      <ErrorNote error={room.messageFaults[message.messageId]} />
    </li>
  );
}

interface ReactionsProps {
  me: string;
  message: Message;
  nameOf: (userId: string) => string;
  onReact: (emoji: string, on: boolean) => void;
}

function Reactions({ me, message, nameOf, onReact }: ReactionsProps) {
  const entries = Object.entries(message.reactions ?? {}).filter(([, users]) => users.length > 0);
  if (entries.length === 0) return null;
  return (
    <div className="reactions">
      {entries.map(([emoji, users]) => (
        <button
          key={emoji} className="reaction" type="button" aria-pressed={users.includes(me)}
          title={users.map(nameOf).join(", ")} onClick={() => onReact(emoji, !users.includes(me))}
        >
          {emoji}
          {users.length > 1 && <span>{users.length}</span>}
        </button>
      ))}
    </div>
  );
}
