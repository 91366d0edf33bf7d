// Every span from the webhook to the message, with how long each took and what it cost.

import { useState } from "react";
import { chainOf } from "../chain";
import { decimal, duration, whole } from "../format";
import { useTrace } from "../queries";
import type { SpanView, TraceView as Trace } from "../schema";
import { t } from "../texts";
import { Lines } from "./skeletons";
import { Trouble } from "./trouble";

const MOST_SHOWN = 200;

export function TraceView({ traceId, title }: { traceId: string; title: string }) {
  const trace = useTrace(traceId);
  return (
    <section className="card" aria-labelledby="trace">
      <div className="card-head">
        <h2 id="trace">{title}</h2>
        {trace.data && <p className="small soft">{summaryOf(trace.data)}</p>}
      </div>
      {trace.data ? <Spans trace={trace.data} /> : trace.isError ? <Trouble error={trace.error} /> : <Lines rows={6} />}
    </section>
  );
}

function summaryOf({ summary, trace_ids: traces }: Trace): string {
  const cost = summary.cost_nano_usd / 1e9;
  const parts = {
    spans: t("page.count.spans", { count: summary.hops }),
    services: t("page.count.services", { count: summary.services.length }),
    duration: duration(summary.duration_us),
    model: summary.tokens
      ? t("page.trace.tokens", { count: summary.tokens, cost: `$${decimal(cost, cost < 0.1 ? 4 : 2)}` })
      : t("page.trace.no_model"),
  };
  if (traces.length < 2) return t("page.trace.summary", parts);
  return t("page.trace.summary.joined", { ...parts, traces: whole(traces.length) });
}

function Spans({ trace }: { trace: Trace }) {
  const [all, setAll] = useState(false);
  const spans = trace.hops;
  const chain = chainOf(spans, trace.trace_id);
  const shown = all ? spans.slice(0, MOST_SHOWN) : chain;
  const from = Math.min(...shown.map((span) => Date.parse(span.started_at)));
  const total = Math.max(1, ...shown.map((span) => Date.parse(span.started_at) - from + span.duration_us / 1000));
  return (
    <>
      <ol className="trace">
        {shown.map((span) => (
          <Row
            key={`${span.trace_id}${span.span_id}`}
            span={span}
            at={(Date.parse(span.started_at) - from) / total}
            share={span.duration_us / 1000 / total}
          />
        ))}
      </ol>
      {spans.length > chain.length && (
        <button type="button" className="button plain" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t("page.trace.chain_only") : t("page.trace.show_all", { count: whole(spans.length) })}
        </button>
      )}
      {all && spans.length > MOST_SHOWN && (
        <p className="small soft">{t("page.first_shown", { count: whole(MOST_SHOWN) })}</p>
      )}
    </>
  );
}

function Row({ span, at, share }: { span: SpanView; at: number; share: number }) {
  const failed = span.status.toLowerCase() === "error";
  const left = Math.min(99, 100 * at);
  const took = duration(span.duration_us);
  return (
    <li className={failed ? "span failed" : "span"}>
      <span className="service">{span.service}</span>
      <span className="name">{span.name}</span>
      <span className="bar" aria-hidden="true">
        <span style={{ left: `${left}%`, width: `${Math.min(100 - left, 100 * share)}%` }} />
      </span>
      <span className="took">{failed ? t("page.trace.failed", { duration: took }) : took}</span>
    </li>
  );
}
