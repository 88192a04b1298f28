import { useState, type FormEvent } from "react";
import { errorText } from "../ui/errors";
import { useStrings } from "../ui/i18n";
import { LangSelect } from "../ui/LangSelect";
import type { Lang } from "../ui/strings";
import { parseInterests, type Session } from "./identity";
import { loginByName, loginByToken, TokenNeeded, TokenUnreadable } from "./login";
import { userIdOf } from "./storage";
import { errorBody } from "./wire";

interface LoginProps {
  onLang: (lang: Lang) => void;
  onSession: (session: Session) => void;
  /** `?user=` of the address: the user id to come in as, also offered as the name. */
  urlUser: string | null;
  /** Shown when an earlier session ended by itself. */
  notice: string | null;
}

export function Login({ onLang, onSession, urlUser, notice }: LoginProps) {
  const { lang, t } = useStrings();
  const [name, setName] = useState(urlUser ?? "");
  const [interests, setInterests] = useState("");
  const [token, setToken] = useState("");
  const [tokenNeeded, setTokenNeeded] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function login(): Promise<void> {
    const shown = name.trim();
    const list = parseInterests(interests);
    if (tokenNeeded) return onSession(await loginByToken(token, shown, list, lang));
    if (shown === "") return setError(t("nameMissing"));
    onSession(await loginByName(urlUser ?? userIdOf(shown), shown, list, lang));
  }

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await login();
    } catch (caught) {
      if (caught instanceof TokenNeeded) setTokenNeeded(true);
      else if (caught instanceof TokenUnreadable) setError(t("tokenUnreadable"));
      else setError(errorText(lang, errorBody(caught)));
    } finally {
      setBusy(false);
    }
  }

  return (
    <main className="login">
      <form className="login-card" onSubmit={(event) => void submit(event)} noValidate>
        <div className="login-head">
          <h1>{t("appName")}</h1>
          <LangSelect onLang={onLang} />
        </div>
        <p className="muted">{t("tagline")}</p>
        {notice !== null && <p className="note">{notice}</p>}
        <label className="field">
          <span>{t("nameLabel")}</span>
          <input
            data-testid="name-input" value={name} maxLength={60} autoFocus autoComplete="nickname" dir="auto"
            placeholder={t("namePlaceholder")} onChange={(event) => setName(event.target.value)}
          />
        </label>
        <label className="field">
          <span>{t("interestsLabel")}</span>
          <input
            data-testid="interests-input" value={interests} maxLength={300} autoComplete="off" dir="auto"
            placeholder={t("interestsPlaceholder")} onChange={(event) => setInterests(event.target.value)}
          />
          <small className="muted">{t("interestsHint")}</small>
        </label>
        {tokenNeeded && (
          <>
            <p className="note">{t("tokenNeeded")}</p>
            <label className="field">
              <span>{t("tokenLabel")}</span>
              <textarea
                data-testid="token-input" value={token} rows={4} spellCheck={false} autoComplete="off"
                onChange={(event) => setToken(event.target.value)}
              />
            </label>
          </>
        )}
        {error !== null && <p className="error" role="alert">{error}</p>}
        <button className="button primary wide" data-testid="login-button" type="submit" disabled={busy}>
          {busy ? t("loggingIn") : t("loginButton")}
        </button>
      </form>
    </main>
  );
}
