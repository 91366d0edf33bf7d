import { type ChangeEvent, useId } from "react";
import { whole } from "../format";
import type { Connection } from "../live";
import type { Choice } from "../periods";
import { useDemo } from "../queries";
import { toBrand } from "../route";
import type { BrandView } from "../schema";
import { useSession } from "../session";
import { t } from "../texts";
import { ThemeSwitch } from "../theme";
import { Logo } from "./logo";
import { PeriodPicker } from "./period_picker";
import { useUploads } from "./uploads";

interface HeaderProps {
  brand: BrandView;
  brands: BrandView[];
  connection: Connection;
  choice: Choice | null;
  onChoice: (choice: Choice) => void;
}

export function Header({ brand, brands, connection, choice, onChoice }: HeaderProps) {
  const { logOut } = useSession();
  const { pick } = useUploads();
  const select = useId();
  const change = (event: ChangeEvent<HTMLSelectElement>): void => {
    location.hash = toBrand(event.target.value);
  };
  return (
    <header className="top">
      <History />
      <div className="top-row">
        <Logo />
        <label htmlFor={select} className="sr">
          {t("page.brand")}
        </label>
        <select id={select} className="brand-select" value={brand.brand_id} onChange={change}>
          {brands.map((each) => (
            <option key={each.brand_id} value={each.brand_id}>
              {each.name}
            </option>
          ))}
        </select>
        <span className={`connection ${connection}`}>{t(`page.connection.${connection}`)}</span>
        <span className="spacer" />
        {choice && <PeriodPicker choice={choice} onChoice={onChoice} />}
        <IconButton
          label={t("page.import")}
          onClick={pick}
          path="M10 12.5V3M6.4 6.4 10 2.8l3.6 3.6M3 12.8v2.7A1.5 1.5 0 0 0 4.5 17h11a1.5 1.5 0 0 0 1.5-1.5v-2.7"
        />
        <ThemeSwitch />
        <IconButton
          label={t("page.log_out")}
          onClick={() => logOut()}
          path="M8 3H4.5A1.5 1.5 0 0 0 3 4.5v11A1.5 1.5 0 0 0 4.5 17H8M13 6.4 16.6 10 13 13.6M16.2 10H7.8"
        />
      </div>
    </header>
  );
}

function IconButton({ label, path, onClick }: { label: string; path: string; onClick: () => void }) {
  return (
    <button type="button" className="icon-button" onClick={onClick} aria-label={label} title={label}>
      <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" className="line-icon">
        <path d={path} />
      </svg>
    </button>
  );
}

/** How far a demo's history is filled in: a thin line, gone when it is there. */
function History() {
  const { data } = useDemo();
  if (!data || data.state === "live" || !data.days) return null;
  const percent = Math.min(100, Math.round((100 * data.days_told) / data.days));
  const words = t("page.history", { done: whole(data.days_told), days: whole(data.days) });
  return (
    <div
      className="history"
      role="progressbar"
      aria-label={words}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      title={words}
    >
      <span style={{ width: `${percent}%` }} />
    </div>
  );
}
