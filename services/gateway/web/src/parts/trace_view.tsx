// Every hop from the webhook to the message, with how long each took and what it cost.

import { useState } from "react";
import type { Hop, Trace } from "../api";
import { chainOf } from "../chain";
import { count, decimal, duration, whole } from "../format";
import { useTrace } from "../queries";
import { Lines } from "./skeletons";
import { Trouble } from "./trouble";

const SHOWN = 200;

export function TraceView({ traceId, title }: { traceId: string; title: string }) {
  const trace = useTrace(traceId);
  return (
    <section className="card" aria-labelledby="trace">
      <div className="card-head">
        <h2 id="trace">{title}</h2>
        {trace.data && <p className="small soft">{summaryOf(trace.data)}</p>}
      </div>
      {trace.data ? <Hops trace={trace.data} /> : trace.isError ? <Trouble error={trace.error} /> : <Lines rows={6} />}
    </section>
  );
}

function summaryOf({ summary, trace_ids: traces }: Trace): string {
  const cost = summary.cost_nano_usd / 1e9;
  const model = summary.tokens ? `${count(summary.tokens, "token")} for $${decimal(cost, cost < 0.1 ? 4 : 2)}` : "no model was asked";
  const joined = traces.length > 1 ? `, joined from ${whole(traces.length)} traces` : "";
  return `${count(summary.hops, "hop")} through ${count(summary.services.length, "service")} in ${duration(summary.duration_us)}; ${model}${joined}`;
}

function Hops({ trace }: { trace: Trace }) {
  const [all, setAll] = useState(false);
  const chain = chainOf(trace.hops, trace.trace_id);
  const shown = all ? trace.hops.slice(0, SHOWN) : chain;
  const starts = shown.map((hop) => Date.parse(hop.started_at));
  const from = Math.min(...starts);
  const total = Math.max(1, ...shown.map((hop) => Date.parse(hop.started_at) - from + hop.duration_us / 1000));
  return (
    <>
      <ol className="trace">
        {shown.map((hop) => (
          <HopRow key={`${hop.trace_id}${hop.span_id}`} hop={hop} at={(Date.parse(hop.started_at) - from) / total} share={hop.duration_us / 1000 / total} />
        ))}
      </ol>
      {trace.hops.length > chain.length && (
        <button type="button" className="button plain" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? "Show only the way back to the cause" : `Show all ${whole(trace.hops.length)} hops, those beside the way too`}
        </button>
      )}
      {all && trace.hops.length > SHOWN && <p className="small soft">The first {SHOWN} are shown.</p>}
    </>
  );
}

function HopRow({ hop, at, share }: { hop: Hop; at: number; share: number }) {
  const failed = hop.status.toLowerCase() === "error";
  const left = Math.min(99, 100 * at);
  return (
    <li className={failed ? "hop failed" : "hop"}>
      <span className="service">{hop.service}</span>
      <span className="name">{hop.name}</span>
      <span className="bar" aria-hidden="true">
        <span style={{ left: `${left}%`, width: `${Math.min(100 - left, 100 * share)}%` }} />
      </span>
      <span className="took">{failed ? "failed, " : ""}{duration(hop.duration_us)}</span>
    </li>
  );
}
