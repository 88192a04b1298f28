import { Avatar } from "../ui/Avatar";
import { LogoutIcon } from "../ui/icons";
import { useStrings } from "../ui/i18n";
import { LangSelect } from "../ui/LangSelect";
import type { Lang } from "../ui/strings";
import type { Client } from "./client";
import { PeopleList } from "./PeopleList";
import { RoomList } from "./RoomList";
import type { State } from "./state";

interface SidebarProps {
  client: Client;
  state: State;
  name: string;
  onLang: (lang: Lang) => void;
  onLogout: () => void;
}

export function Sidebar({ client, state, name, onLang, onLogout }: SidebarProps) {
  const { t } = useStrings();
  return (
    <nav className="sidebar" aria-label={t("chats")}>
      <header className="bar">
        <Avatar userId={state.me} name={name} />
        <strong className="grow clip" dir="auto" data-testid="me">{name}</strong>
        <LangSelect onLang={onLang} />
        <button className="icon-button" type="button" aria-label={t("logout")} title={t("logout")} onClick={onLogout}>
          <LogoutIcon />
        </button>
      </header>
      <div className="lists">
        <RoomList client={client} state={state} />
        <PeopleList client={client} state={state} />
      </div>
    </nav>
  );
}
