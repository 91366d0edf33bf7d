import type { Alert, Brand } from "../api";
import { channelName, moment, sentence } from "../format";
import { severityTone } from "../parts/alerts";
import { FactChips } from "../parts/fact_drawer";
import { Lines } from "../parts/skeletons";
import { TraceView } from "../parts/trace_view";
import { Trouble } from "../parts/trouble";
import { useAlerts } from "../queries";
import { toBrand } from "../route";

/** One alert: Slack messages link here. */
export function AlertPage({ brand, alertId }: { brand: Brand; alertId: string }) {
  const alerts = useAlerts(brand.brand_id, "all");
  const alert = alerts.data?.find((each) => each.alert_id === alertId);
  return (
    <>
      <p><a href={toBrand(brand.brand_id)}>← {brand.name}</a></p>
      {alert ? (
        <Told alert={alert} brand={brand} />
      ) : alerts.isError ? (
        <Trouble error={alerts.error} again={() => void alerts.refetch()} />
      ) : alerts.isPending ? (
        <div className="card"><Lines rows={5} /></div>
      ) : (
        <div className="card welcome">
          <h1>There is no such alert</h1>
          <p>It does not exist, or it belongs to another brand.</p>
        </div>
      )}
    </>
  );
}

function Told({ alert, brand }: { alert: Alert; brand: Brand }) {
  return (
    <>
      <article className="card welcome" aria-labelledby="alert-title">
        <div className="row">
          <span className={`tag ${severityTone(alert.severity)}`}>{sentence(alert.severity)}</span>
          <span className={`tag ${alert.resolved_at ? "good" : "quiet"}`}>{alert.resolved_at ? "Resolved" : "Open"}</span>
        </div>
        <h1 id="alert-title">{alert.title}</h1>
        <p>{alert.explanation}</p>
        <p><strong>What to do: </strong>{alert.recommended_action}</p>
        <dl className="pairs">
          <dt>Opened</dt>
          <dd>{moment(alert.opened_at, brand.timezone)}</dd>
          {alert.resolved_at && (
            <div className="pair">
              <dt>Resolved</dt>
              <dd>{moment(alert.resolved_at, brand.timezone)}</dd>
            </div>
          )}
          {alert.product && (
            <div className="pair">
              <dt>Product</dt>
              <dd>{alert.product}</dd>
            </div>
          )}
          {alert.channel && (
            <div className="pair">
              <dt>Channel</dt>
              <dd>{channelName(alert.channel)}</dd>
            </div>
          )}
        </dl>
        <FactChips facts={alert.facts} />
      </article>
      {alert.trace_id && <TraceView traceId={alert.trace_id} title="What led to it" />}
    </>
  );
}
