import { useEffect } from "react";
import type { Person } from "../session/api";
import { Avatar } from "../ui/Avatar";
import { ErrorNote } from "../ui/ErrorNote";
import { useStrings } from "../ui/i18n";
import type { Client } from "./client";
import { roomWith, type State } from "./state";

/** Presence comes by itself for matched people only; others are seen within this time. */
const POLL_MS = 5_000;

function PersonItem({ client, person, state }: { client: Client; person: Person; state: State }) {
  const { t } = useStrings();
  const matched = roomWith(state, person.userId) !== null;
  const busy = state.matching[person.userId] === true;
  return (
    <li className="row person" data-testid={`person-${person.userId}`}>
      <Avatar userId={person.userId} name={person.name} online={person.online} />
      <span className="grow">
        <strong className="clip" dir="auto">{person.name}</strong>
        <span className="clip muted" dir="auto">
          {person.interests.length > 0 ? person.interests.join(" · ") : t(person.online ? "online" : "offline")}
        </span>
        <ErrorNote error={state.matchFaults[person.userId]} />
      </span>
      <button
        className={matched ? "button" : "button primary"} type="button" disabled={busy}
        data-testid={`match-${person.userId}`} aria-label={`${t(matched ? "openChat" : "match")}: ${person.name}`}
        onClick={() => void client.match(person.userId)}
      >
        {t(busy ? "matching" : matched ? "openChat" : "match")}
      </button>
    </li>
  );
}

export function PeopleList({ client, state }: { client: Client; state: State }) {
  const { t } = useStrings();
  useEffect(() => {
    const poll = (): void => {
      if (document.visibilityState === "visible") void client.refreshPeople();
    };
    const timer = setInterval(poll, POLL_MS);
    document.addEventListener("visibilitychange", poll);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", poll);
    };
  }, [client]);

  if (state.people === null) return null;
  const people = [...state.people].sort(
    (a, b) => Number(b.online) - Number(a.online) || a.name.localeCompare(b.name),
  );
  return (
    <section aria-labelledby="people-title">
      <h2 id="people-title">{t("people")}</h2>
      {people.length === 0 && <p className="muted hint">{t("noPeople")}</p>}
      <ul className="plain">
        {people.map((person) => (
          <PersonItem key={person.userId} client={client} person={person} state={state} />
        ))}
      </ul>
    </section>
  );
}
