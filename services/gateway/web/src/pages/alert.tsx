import type { ReactNode } from "react";
import { timestamp } from "../format";
import { channelName, severityName } from "../names";
import { severityTone } from "../parts/alerts";
import { FactChips } from "../parts/fact_drawer";
import { Lines } from "../parts/skeletons";
import { TraceView } from "../parts/trace_view";
import { Trouble } from "../parts/trouble";
import { useAlerts } from "../queries";
import { toBrand } from "../route";
import type { AlertView, BrandView } from "../schema";
import { t } from "../texts";

/** One alert: Slack messages link here. */
export function AlertPage({ brand, alertId }: { brand: BrandView; alertId: string }) {
  const alerts = useAlerts(brand.brand_id, "all");
  const alert = alerts.data?.find((each) => each.alert_id === alertId);
  return (
    <>
      <p>
        <a href={toBrand(brand.brand_id)}>{t("page.back_to", { name: brand.name })}</a>
      </p>
      {alert ? (
        <WholeAlert alert={alert} brand={brand} />
      ) : alerts.isError ? (
        <Trouble error={alerts.error} again={() => void alerts.refetch()} />
      ) : alerts.isPending ? (
        <div className="card">
          <Lines rows={5} />
        </div>
      ) : (
        <div className="card welcome">
          <h1>{t("page.no_alert.title")}</h1>
          <p>{t("page.no_alert.why")}</p>
        </div>
      )}
    </>
  );
}

function WholeAlert({ alert, brand }: { alert: AlertView; brand: BrandView }) {
  return (
    <>
      <article className="card welcome" aria-labelledby="alert-title">
        <div className="row">
          <span className={`tag ${severityTone(alert.severity)}`}>{severityName(alert.severity)}</span>
          <span className={`tag ${alert.resolved_at ? "good" : "quiet"}`}>
            {alert.resolved_at ? t("page.alert.resolved") : t("page.alert.open")}
          </span>
        </div>
        <h1 id="alert-title">{alert.title}</h1>
        <p>{alert.explanation}</p>
        <p>
          <strong>{t("page.alert.what_to_do")}</strong> {alert.recommended_action}
        </p>
        <dl className="pairs">
          <Pair name={t("page.alert.opened_at")}>{timestamp(alert.opened_at, brand.timezone)}</Pair>
          {alert.resolved_at && (
            <Pair name={t("page.alert.resolved_at")}>{timestamp(alert.resolved_at, brand.timezone)}</Pair>
          )}
          {alert.product && <Pair name={t("page.alert.product")}>{alert.product}</Pair>}
          {alert.channel && <Pair name={t("page.alert.channel")}>{channelName(alert.channel)}</Pair>}
        </dl>
        <FactChips figures={alert.figures} />
      </article>
      {alert.trace_id && <TraceView traceId={alert.trace_id} title={t("page.alert.cause")} />}
    </>
  );
}

function Pair({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="pair">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
