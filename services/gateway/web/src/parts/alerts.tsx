import { timestamp, whole } from "../format";
import { severityName } from "../names";
import { useAlerts } from "../queries";
import { toAlert } from "../route";
import type { AlertView, BrandView, Severity } from "../schema";
import { t } from "../texts";
import { Lines } from "./skeletons";
import { Trouble } from "./trouble";

const TONES: Record<Severity, string> = { critical: "bad", high: "warn", medium: "info", low: "quiet" };

export const severityTone = (severity: Severity): string => TONES[severity];

export function Alerts({ brand }: { brand: BrandView }) {
  const alerts = useAlerts(brand.brand_id);
  const open = alerts.data?.length ?? 0;
  return (
    <section className="card alerts" aria-labelledby="alerts">
      <div className="card-head">
        <h2 id="alerts">
          {t("page.alerts.title")} {open > 0 && <span className="tag bad">{whole(open)}</span>}
        </h2>
      </div>
      {alerts.data ? (
        <List alerts={alerts.data} brand={brand} />
      ) : alerts.isError ? (
        <Trouble error={alerts.error} />
      ) : (
        <Lines rows={3} />
      )}
    </section>
  );
}

function List({ alerts, brand }: { alerts: AlertView[]; brand: BrandView }) {
  if (!alerts.length) return <p className="empty">{t("page.alerts.none")}</p>;
  return (
    <ul className="items">
      {alerts.map((alert) => (
        <li key={alert.alert_id} className={`item ${severityTone(alert.severity)}`}>
          <div className="head">
            <span className={`tag ${severityTone(alert.severity)}`}>{severityName(alert.severity)}</span>
            <span className="small soft">{timestamp(alert.opened_at, brand.timezone)}</span>
          </div>
          <h3>
            <a href={toAlert(brand.brand_id, alert.alert_id)}>{alert.title}</a>
          </h3>
          <p className="soft">{alert.explanation}</p>
          <p>{alert.recommended_action}</p>
        </li>
      ))}
    </ul>
  );
}
