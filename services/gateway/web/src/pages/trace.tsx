import { TraceView } from "../parts/trace_view";
import { toBrand } from "../route";
import type { BrandView } from "../schema";
import { t } from "../texts";

export function TracePage({ brand, traceId }: { brand: BrandView; traceId: string }) {
  return (
    <>
      <p>
        <a href={toBrand(brand.brand_id)}>{t("page.back_to", { name: brand.name })}</a>
      </p>
      <h1>{t("page.trace.title")}</h1>
      <p className="soft number">
        <code>{traceId}</code>
      </p>
      <TraceView traceId={traceId} title={t("page.trace.spans")} />
    </>
  );
}
