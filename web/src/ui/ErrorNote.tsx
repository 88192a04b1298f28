import type { ReactNode } from "react";
import type { ErrorBody } from "../session/wire";
import { errorText } from "./errors";
import { useStrings } from "./i18n";

/** An error beside the thing it is about, with what can be done as `children`. */
export function ErrorNote({ error, children }: { error: ErrorBody | undefined; children?: ReactNode }) {
  const { lang } = useStrings();
  if (error === undefined) return null;
  return (
    <div className="error" role="alert">
      <span>{errorText(lang, error)}</span>
      {children}
    </div>
  );
}
