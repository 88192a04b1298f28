import { useStrings } from "./i18n";
import type { Lang } from "./strings";

export function LangSelect({ onLang }: { onLang: (lang: Lang) => void }) {
  const { lang, t } = useStrings();
  return (
    <select
      className="lang-select" data-testid="lang-select" aria-label={t("language")} value={lang}
      onChange={(event) => onLang(event.target.value as Lang)}
    >
      <option value="en" lang="en">English</option>
      <option value="zh" lang="zh">中文</option>
    </select>
  );
}
