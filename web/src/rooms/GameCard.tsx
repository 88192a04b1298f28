import { useState, type FormEvent } from "react";
import { useStrings } from "../ui/i18n";
import type { Client } from "./client";
import { icebreaker, type GameAnswer, type Icebreaker, type Round } from "./game";
import { othersOf, titleOf, type Room } from "./room";

interface GameCardProps {
  client: Client;
  room: Room;
  hidden: boolean;
  onHide: (hidden: boolean) => void;
}

/** The icebreaker: a question that both answer, and the answers once both are in. */
export function GameCard({ client, room, hidden, onHide }: GameCardProps) {
  const { t } = useStrings();
  const { game } = room;
  if (game === null || game.game !== "icebreaker") return null;
  const state = icebreaker(game.state);
  return (
    <section className="game" aria-label={t("icebreaker")} data-testid="game" data-version={game.version}>
      <header className="game-head">
        <strong>{t("icebreaker")}</strong>
        {!state.finished && <span className="muted">{t("round", { round: state.round, rounds: state.rounds })}</span>}
        <button className="button small" type="button" aria-expanded={!hidden} onClick={() => onHide(!hidden)}>
          {t(hidden ? "showGame" : "hideGame")}
        </button>
      </header>
      {!hidden && (
        <div className="game-body">
          {state.finished ? (
            <p className="game-over">
              <span>{t("gameOver")}</span>
              <button className="button" type="button" onClick={() => void client.playIcebreaker(room.matchId)}>
                {t("playAgain")}
              </button>
            </p>
          ) : (
            <Question key={state.round} client={client} room={room} state={state} />
          )}
          <History room={room} me={client.me} rounds={state.history} />
        </div>
      )}
    </section>
  );
}

function Question({ client, room, state }: { client: Client; room: Room; state: Icebreaker }) {
  const { lang, t } = useStrings();
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const answered = state.answers.find((answer) => answer.userId === client.me);
  const turn = room.game?.turn ?? null;
  const mine = answered === undefined && (turn === null || turn === client.me);
  const nameOf = (userId: string): string =>
    othersOf(room, client.me).find((member) => member.userId === userId)?.name ?? titleOf(room, client.me);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (text.trim() === "" || room.game === null) return;
    setBusy(true);
    await client.answer(room.matchId, room.game.gameId, text.trim());
    setBusy(false);
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      <p className="game-question" data-testid="game-question">{state.question[lang]}</p>
      {mine && (
        <div className="game-answer">
          <input
            data-testid="game-answer" value={text} maxLength={300} dir="auto" autoComplete="off"
            aria-label={t("yourAnswer")} placeholder={t("yourAnswer")}
            onChange={(event) => setText(event.target.value)}
          />
          <button className="button primary" type="submit" data-testid="game-send" disabled={busy || text.trim() === ""}>
            {t("answer")}
          </button>
        </div>
      )}
      {answered !== undefined && (
        <p className="muted" data-testid="game-waiting">{t("waitingFor", { name: nameOf(turn ?? "") })}</p>
      )}
      {!mine && answered === undefined && <p className="muted">{t("turnOf", { name: nameOf(turn ?? "") })}</p>}
    </form>
  );
}

/** The newest first, below the question that is asked now. */
function History({ room, me, rounds }: { room: Room; me: string; rounds: Round[] }) {
  const { lang, t } = useStrings();
  if (rounds.length === 0) return null;
  const whose = ({ userId }: GameAnswer): string =>
    userId === me ? t("you") : (room.members.find((member) => member.userId === userId)?.name ?? userId);
  return (
    <ol className="game-history" aria-label={t("earlierAnswers")}>
      {rounds.toReversed().map((round, index) => (
        <li key={rounds.length - index}>
          <span className="muted">{round.question[lang]}</span>
          {round.answers.map((answer) => (
            <span key={answer.userId} dir="auto">
              <strong>{whose(answer)}</strong> {answer.text ?? t("notAnswered")}
            </span>
          ))}
        </li>
      ))}
    </ol>
  );
}
