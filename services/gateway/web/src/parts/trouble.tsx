import { Refused, unreachable } from "../api";
import { t } from "../texts";

/** An error in words, with a way on. */
export function Trouble({ error, again }: { error: Error | null; again?: () => void }) {
  const shown = error ?? unreachable();
  return (
    <div className="notice bad" role="alert">
      <p>{shown instanceof Refused ? shown.message : t("page.error.unreadable")}</p>
      {again && (
        <button type="button" className="button plain" onClick={again}>
          {t("page.again")}
        </button>
      )}
    </div>
  );
}
