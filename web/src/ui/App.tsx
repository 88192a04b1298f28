import { useEffect, useState } from "react";
import { Workspace } from "../rooms/Workspace";
import type { Session } from "../session/identity";
import { Login } from "../session/Login";
import { loadLang, loadSession, saveLang, saveSession } from "../session/storage";
import { initialLang, LangContext, translate } from "./i18n";
import type { Lang } from "./strings";

const urlUser = new URLSearchParams(location.search).get("user");

/** A session of another person than the address names is not this window's. */
function keptSession(): Session | null {
  const session = loadSession();
  return urlUser !== null && session?.userId !== urlUser ? null : session;
}

export function App() {
  const [lang, setLang] = useState<Lang>(() => initialLang(loadLang(), navigator.languages));
  const [session, setSession] = useState<Session | null>(keptSession);
  const [notice, setNotice] = useState<"tokenOver" | null>(null);

  useEffect(() => {
    document.documentElement.lang = lang;
  }, [lang]);

  function changeLang(next: Lang): void {
    saveLang(next);
    setLang(next);
  }

  function login(next: Session): void {
    saveSession(next);
    setNotice(null);
    setSession(next);
  }

  function logout(expired: boolean): void {
    saveSession(null);
    history.replaceState(null, "", location.pathname + location.search);
    setNotice(expired ? "tokenOver" : null);
    setSession(null);
  }

  return (
    <LangContext value={lang}>
      {session === null ? (
        <Login
          onLang={changeLang} onSession={login} urlUser={urlUser}
          notice={notice === null ? null : translate(lang, notice)}
        />
      ) : (
        <Workspace key={session.userId} session={session} onLang={changeLang} onLogout={logout} />
      )}
    </LangContext>
  );
}
