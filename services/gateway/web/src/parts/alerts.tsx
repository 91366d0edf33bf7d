import type { Alert, Brand } from "../api";
import { moment, sentence } from "../format";
import { useAlerts } from "../queries";
import { toAlert } from "../route";
import { Lines } from "./skeletons";
import { Trouble } from "./trouble";

export const severityTone = (severity: string): string => ({ critical: "bad", high: "warn", medium: "warn" })[severity] ?? "info";

export function Alerts({ brand }: { brand: Brand }) {
  const alerts = useAlerts(brand.brand_id);
  const open = alerts.data?.length ?? 0;
  return (
    <section className="card alerts" aria-labelledby="alerts">
      <div className="card-head">
        <h2 id="alerts">Alerts {open > 0 && <span className="tag bad">{open}</span>}</h2>
      </div>
      {alerts.data ? <List alerts={alerts.data} brand={brand} /> : alerts.isError ? <Trouble error={alerts.error} /> : <Lines rows={3} />}
    </section>
  );
}

function List({ alerts, brand }: { alerts: Alert[]; brand: Brand }) {
  if (!alerts.length) return <p className="empty">Nothing needs you right now. An alert opens when stock runs out under running ads, when ROAS drops, or when a pull of an ad account fails.</p>;
  return (
    <ul className="items">
      {alerts.map((alert) => (
        <li key={alert.alert_id} className={`item ${severityTone(alert.severity)}`}>
          <div className="head">
            <span className={`tag ${severityTone(alert.severity)}`}>{sentence(alert.severity)}</span>
            <span className="small soft">{moment(alert.opened_at, brand.timezone)}</span>
          </div>
          <h3><a href={toAlert(brand.brand_id, alert.alert_id)}>{alert.title}</a></h3>
          <p className="soft">{alert.explanation}</p>
          <p>{alert.recommended_action}</p>
        </li>
      ))}
    </ul>
  );
}
