import type { CSSProperties } from "react";

export function Skeleton({ height, width = "100%" }: { height: number; width?: string }) {
  const size: CSSProperties = { height, width };
  return <span className="skeleton" style={size} />;
}

export function Lines({ rows }: { rows: number }) {
  return (
    <div className="items" aria-hidden="true">
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} height={18} width={`${92 - ((index * 23) % 38)}%`} />
      ))}
    </div>
  );
}

export function PageSkeleton() {
  return (
    <main id="main" aria-busy="true">
      <p className="sr" role="status">Loading</p>
      <Skeleton height={30} width="240px" />
      <div className="tiles">
        {Array.from({ length: 5 }, (_, index) => (
          <div key={index} className="card tile"><Skeleton height={86} /></div>
        ))}
      </div>
      <div className="card"><Skeleton height={280} /></div>
    </main>
  );
}
