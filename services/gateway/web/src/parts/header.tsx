import { useId, type ChangeEvent } from "react";
import type { Brand } from "../api";
import { whole } from "../format";
import type { Connection } from "../live";
import type { Choice } from "../periods";
import { useDemo } from "../queries";
import { toBrand } from "../route";
import { useSession } from "../session";
import { ThemeSwitch } from "../theme";
import { Logo } from "./logo";
import { PeriodPicker } from "./period_picker";
import { useUploads } from "./uploads";

interface HeaderProps {
  brand: Brand; brands: Brand[]; connection: Connection; choice: Choice | null; onChoice: (choice: Choice) => void;
}

const CONNECTIONS: Record<Connection, string> = { connecting: "Connecting…", live: "Live", lost: "Reconnecting…" };

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
        <label htmlFor={select} className="sr">Brand</label>
        <select id={select} className="brand-select" value={brand.brand_id} onChange={change}>
          {brands.map((each) => (
            <option key={each.brand_id} value={each.brand_id}>{each.name}</option>
          ))}
        </select>
        <span className={`connection ${connection}`}>{CONNECTIONS[connection]}</span>
        <span className="spacer" />
        {choice && <PeriodPicker choice={choice} onChoice={onChoice} />}
        <button type="button" className="icon-button" onClick={pick} aria-label="Import orders" title="Import orders">
          <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" className="line-icon"><path d="M10 12.5V3M6.4 6.4 10 2.8l3.6 3.6M3 12.8v2.7A1.5 1.5 0 0 0 4.500 17h11a1.5 1.5 0 0 0 1.500-1.500v-2.700" /></svg>
        </button>
        <ThemeSwitch />
        <button type="button" className="icon-button" onClick={() => logOut()} aria-label="Log out" title="Log out">
          <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" className="line-icon"><path d="M8 3H4.500A1.500 1.500 0 0 0 3 4.500v11A1.500 1.500 0 0 0 4.500 17H8M13 6.400 16.600 10 13 13.600M16.200 10H7.800" /></svg>
        </button>
      </div>
    </header>
  );
}

/** How far a demo's history is filled in: a thin line, gone when it is there. */
function History() {
  const { data } = useDemo();
  if (!data || data.state === "live" || !data.days) return null;
  const percent = Math.min(100, Math.round((100 * data.days_told) / data.days));
  const words = `History filling in: ${whole(data.days_told)} of ${whole(data.days)} days`;
  return (
    <div className="history" role="progressbar" aria-label={words} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent} title={words}>
      <span style={{ width: `${percent}%` }} />
    </div>
  );
}
