import type { Brand } from "../api";
import { TraceView } from "../parts/trace_view";
import { toBrand } from "../route";

export function TracePage({ brand, traceId }: { brand: Brand; traceId: string }) {
  return (
    <>
      <p><a href={toBrand(brand.brand_id)}>← {brand.name}</a></p>
      <h1>Trace</h1>
      <p className="soft number"><code>{traceId}</code></p>
      <TraceView traceId={traceId} title="Hops" />
    </>
  );
}
