import { memo } from "react";
import type { Stock as Told } from "../api";
import { decimal, money, statusName, tidy, whole } from "../format";

const ORDER = ["out_of_stock", "critical", "low", "healthy", "overstocked", "untracked"];
const tone = (status: string): string => ({ out_of_stock: "bad", critical: "bad", low: "warn", healthy: "good" })[status] ?? "quiet";

/** What is running out, and the ad spend that sells it. */
export const Stock = memo(function Stock({ told }: { told: Told }) {
  const counts = Object.entries(told.counts).sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b));
  return (
    <section className="card stock" aria-labelledby="stock">
      <div className="card-head">
        <h2 id="stock">Stock running out</h2>
        {told.spend_at_risk_per_day ? <p className="small soft">{money(told.spend_at_risk_per_day, told.currency)} of ads a day at risk</p> : null}
      </div>
      {counts.length === 0 && <p className="empty">No stock levels are known yet. They come with the shop’s inventory webhooks.</p>}
      {counts.length > 0 && (
        <ul className="chips" aria-label="Variants by stock status">
          {counts.map(([status, number]) => (
            <li key={status} className={`tag ${tone(status)}`}>{whole(number)} {statusName(status).toLowerCase()}</li>
          ))}
        </ul>
      )}
      {told.running_out.length > 0 && <Table told={told} />}
    </section>
  );
});

function Table({ told }: { told: Told }) {
  return (
    <div className="scroll" role="region" aria-label="Table of stock running out" tabIndex={0}>
      <table className="spaced">
        <thead>
          <tr>
            <th scope="col">Product</th>
            <th scope="col">Left</th>
            <th scope="col" className="wide-only">Sold a day</th>
            <th scope="col">Days left</th>
            <th scope="col">Ads a day</th>
          </tr>
        </thead>
        <tbody>
          {told.running_out.map((each) => (
            <tr key={each.variant_id}>
              <th scope="row">{each.title || each.sku || each.variant_id}</th>
              <td>{whole(each.available)}</td>
              <td className="wide-only">{decimal(each.units_per_day)}</td>
              <td>{each.status === "out_of_stock" ? <span className="tag bad">out</span> : decimal(each.days_of_cover)}</td>
              <td>{each.spend_at_risk_per_day ? tidy(each.spend_at_risk_per_day, told.currency) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
