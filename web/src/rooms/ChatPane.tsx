import { useEffect, useRef, useState } from "react";
import { ChipRow } from "../prompts/ChipRow";
import { putIntoDraft, type Chip } from "../prompts/chips";
import type { Message } from "../session/wire";
import { ErrorNote } from "../ui/ErrorNote";
import { GameIcon, IdeaIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";
import { ChatHeader } from "./ChatHeader";
import type { Client } from "./client";
import { Composer } from "./Composer";
import { GameCard } from "./GameCard";
import { LiveMessages } from "./LiveMessages";
import { MessageList } from "./MessageList";
import type { Outbox } from "./outbox";
import { othersOf, type Room } from "./room";
import { textOf } from "./timeline";
import { TypingLine } from "./TypingLine";
import { useMarkRead } from "./useMarkRead";

/** The composer's content: a new message, or the new text of an old one. */
interface Draft {
  text: string;
  /** The suggestion that was put in and not removed since. */
  chip: Chip | null;
  editing: Message | null;
}

interface ChatPaneProps {
  client: Client;
  room: Room;
  outbox: Outbox;
  onScene: () => void;
}

export function ChatPane({ client, room, outbox, onScene }: ChatPaneProps) {
  const { t } = useStrings();
  const { matchId } = room;
  const input = useRef<HTMLTextAreaElement>(null);
  const [draft, setDraft] = useState<Draft>(() => ({
    text: client.drafts.get(matchId) ?? "",
    chip: null,
    editing: null,
  }));
  const [atBottom, setAtBottom] = useState(true);
  const [gameHidden, setGameHidden] = useState(false);
  useMarkRead(client, room, atBottom);

  useEffect(() => {
    if (draft.editing === null) client.drafts.set(matchId, draft.text);
  }, [client, matchId, draft]);

  function write(text: string): void {
    setDraft({ ...draft, text, chip: text === "" ? null : draft.chip });
    if (draft.editing === null) client.typing(matchId, text === "");
  }

  function pick(chip: Chip): void {
    setDraft({ text: putIntoDraft(draft.text, chip.text, draft.chip), chip, editing: null });
    client.typing(matchId, false);
    input.current?.focus();
  }

  function edit(message: Message): void {
    setDraft({ text: textOf(message) ?? "", chip: null, editing: message });
    input.current?.focus();
  }

  function stopEditing(): void {
    setDraft({ text: client.drafts.get(matchId) ?? "", chip: null, editing: null });
  }

  function submit(): void {
    const text = draft.text.trim();
    if (text === "") return;
    const { editing } = draft;
    if (editing === null) {
      client.send(matchId, text, draft.chip);
      setDraft({ text: "", chip: null, editing: null });
    } else {
      void client.edit(matchId, editing.messageId, text).then((done) => (done ? stopEditing() : undefined));
    }
  }

  return (
    <main className="chat">
      <ChatHeader client={client} room={room} onScene={onScene} />
      <ErrorNote error={room.faults.join}>
        <button className="button small" type="button" onClick={() => void client.retryJoin(matchId)}>
          {t("tryAgain")}
        </button>
      </ErrorNote>
      <MessageList client={client} room={room} outbox={outbox} onEdit={edit} onBottom={setAtBottom} />
      <LiveMessages me={client.me} room={room} />
      <TypingLine others={othersOf(room, client.me)} until={room.typing} />
      <div className="dock">
        <GameCard
          client={client} room={room} hidden={gameHidden} onHide={setGameHidden} key={room.game?.gameId ?? "none"}
        />
        <ErrorNote error={room.faults.game} />
        <ChipRow
          chips={room.chips} picked={draft.chip} onPick={pick}
          onDismiss={(chip) => client.dismissChip(matchId, chip)}
        />
        <ErrorNote error={room.faults.help} />
        <div className="tools">
          <button
            className="tool" type="button" data-testid="help-button" disabled={room.thinking}
            onClick={() => void client.help(matchId, draft.editing === null ? draft.text : "")}
          >
            <IdeaIcon />
            {t(room.thinking ? "thinking" : "needIdea")}
          </button>
          <button
            className="tool" type="button" data-testid="game-button"
            onClick={() => {
              setGameHidden(false);
              void client.playIcebreaker(matchId);
            }}
          >
            <GameIcon />
            {t("playIcebreaker")}
          </button>
        </div>
        <ErrorNote error={room.faults.edit} />
        <Composer
          inputRef={input} text={draft.text} editing={draft.editing !== null}
          onText={write} onSubmit={submit} onCancel={stopEditing} onPause={() => client.typing(matchId, true)}
        />
      </div>
    </main>
  );
}
