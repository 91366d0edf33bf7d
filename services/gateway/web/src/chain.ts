// The way back from the end of a trace to what caused it: through parents within a trace, through links between them.

import type { Hop } from "./api";

const end = (hop: Hop): number => Date.parse(hop.started_at) + hop.duration_us / 1000;
const key = (trace: string, span: string): string => `${trace}/${span}`;

/** From the first cause to the hop of `traceId` that ended last; where several caused one, the newest of them. */
export function chainOf(hops: Hop[], traceId: string): Hop[] {
  const known = new Map(hops.map((hop) => [key(hop.trace_id, hop.span_id), hop]));
  const chain: Hop[] = [];
  const seen = new Set<Hop>();
  let at = hops.filter((hop) => hop.trace_id === traceId).sort((a, b) => end(a) - end(b)).at(-1);
  while (at && !seen.has(at)) {
    seen.add(at);
    chain.unshift(at);
    const { trace_id, parent_span_id, links } = at;
    const parent = parent_span_id === null ? undefined : known.get(key(trace_id, parent_span_id));
    const causes = links.map(([trace, span]) => known.get(key(trace, span))).filter((hop) => hop !== undefined);
    at = parent ?? causes.sort((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at)).at(-1);
  }
  return chain;
}
