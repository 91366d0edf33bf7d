// The way back from the end of a trace to what caused it: through parents within a trace, through links between them.

import type { SpanView } from "./schema";

const endOf = (span: SpanView): number => Date.parse(span.started_at) + span.duration_us / 1000;
const key = (trace = "", span = ""): string => `${trace}/${span}`;

/** From the first cause to the span of `traceId` that ended last; where several caused one, the newest of them. */
export function chainOf(spans: SpanView[], traceId: string): SpanView[] {
  const byId = new Map(spans.map((span) => [key(span.trace_id, span.span_id), span]));
  const chain: SpanView[] = [];
  const seen = new Set<SpanView>();
  let at = spans
    .filter((span) => span.trace_id === traceId)
    .sort((a, b) => endOf(a) - endOf(b))
    .at(-1);
  while (at && !seen.has(at)) {
    seen.add(at);
    chain.unshift(at);
    const { trace_id, parent_span_id, links } = at;
    const parent = parent_span_id === null ? undefined : byId.get(key(trace_id, parent_span_id));
    const causes = links.map(([trace, span]) => byId.get(key(trace, span))).filter((span) => span !== undefined);
    at = parent ?? causes.sort((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at)).at(-1);
  }
  return chain;
}
