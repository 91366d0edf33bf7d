import type { CSSProperties } from "react";
import { t } from "../texts";

export function Skeleton({ height, width = "100%" }: { height: number; width?: string }) {
  const size: CSSProperties = { height, width };
  return <span className="skeleton" style={size} />;
}

export function Lines({ rows }: { rows: number }) {
  const widths = Array.from({ length: rows }, (_, index) => 92 - ((index * 23) % 38));
  return (
    <div className="items" aria-hidden="true">
      {widths.map((width, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines are all alike and never move
        <Skeleton key={index} height={18} width={`${width}%`} />
      ))}
    </div>
  );
}

export function PageSkeleton() {
  return (
    <main id="main" aria-busy="true">
      <p className="sr" role="status">
        {t("page.loading")}
      </p>
      <Skeleton height={30} width="240px" />
      <div className="tiles">
        {["revenue", "spend", "roas", "orders", "value"].map((name) => (
          <div key={name} className="card tile">
            <Skeleton height={86} />
          </div>
        ))}
      </div>
      <div className="card">
        <Skeleton height={280} />
      </div>
    </main>
  );
}
