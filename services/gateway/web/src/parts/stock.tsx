import { memo } from "react";
import { ABSENT, money, tenths, tidy, whole } from "../format";
import { stateName } from "../names";
import type { InventoryView, RunningOutView } from "../schema";
import { t } from "../texts";
import { Figure } from "./fact_drawer";

const STATES = ["out_of_stock", "critical", "low", "healthy", "overstocked", "untracked"];
const TONES: Record<string, string> = { out_of_stock: "bad", critical: "bad", low: "warn", healthy: "good" };

/** What is running out, and the ad spend that sells it. */
export const Stock = memo(function Stock({ inventory }: { inventory: InventoryView }) {
  const { spend_at_risk_per_day: atRisk, currency, running_out: rows } = inventory;
  const counts = Object.entries(inventory.counts).sort(([a], [b]) => STATES.indexOf(a) - STATES.indexOf(b));
  return (
    <section className="card stock" aria-labelledby="stock">
      <div className="card-head">
        <h2 id="stock">{t("page.stock.title")}</h2>
        {atRisk ? <p className="small soft">{t("page.stock.at_risk", { amount: money(atRisk, currency) })}</p> : null}
      </div>
      {counts.length === 0 && <p className="empty">{t("page.stock.none")}</p>}
      {counts.length > 0 && (
        <ul className="chips" aria-label={t("page.stock.by_state")}>
          {counts.map(([state, number]) => (
            <li key={state} className={`tag ${TONES[state] ?? "quiet"}`}>
              {t("page.stock.count", { count: whole(number), state: stateName(state).toLocaleLowerCase() })}
            </li>
          ))}
        </ul>
      )}
      {inventory.notes.map((note) => (
        <p key={note} className="notice small">
          {note}
        </p>
      ))}
      {rows.length > 0 && <Table rows={rows} currency={currency} />}
    </section>
  );
});

function Table({ rows, currency }: { rows: RunningOutView[]; currency: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="scroll" aria-label={t("page.stock.table")} tabIndex={0}>
      <table className="spaced">
        <thead>
          <tr>
            <th scope="col">{t("page.stock.product")}</th>
            <th scope="col">{t("page.stock.left")}</th>
            <th scope="col" className="wide-only">
              {t("page.stock.incoming")}
            </th>
            <th scope="col" className="wide-only">
              {t("page.stock.sold_a_day")}
            </th>
            <th scope="col">{t("page.stock.days_left")}</th>
            <th scope="col">{t("page.stock.ads_a_day")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.variant_id} row={row} currency={currency} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row({ row, currency }: { row: RunningOutView; currency: string }) {
  const product = row.title || row.sku || row.variant_id;
  const figure = (name: string, text: string) => (
    <Figure fact={row.facts[name]} label={t(`page.stock.of.${name}`, { product })}>
      {text}
    </Figure>
  );
  const { units_per_day: velocity, days_of_cover: cover, spend_at_risk_per_day: atRisk } = row;
  return (
    <tr>
      <th scope="row">{product}</th>
      <td>{figure("available", whole(row.available))}</td>
      <td
        className="wide-only"
        title={row.lead_time_days === null ? undefined : t("page.stock.lead_time", { days: whole(row.lead_time_days) })}
      >
        {row.incoming === null ? ABSENT : figure("incoming", whole(row.incoming))}
      </td>
      <td className="wide-only">{figure("units_per_day", tenths(velocity))}</td>
      <td>
        {row.status === "out_of_stock" ? (
          <span className="tag bad">{t("page.stock.out")}</span>
        ) : (
          figure("days_of_cover", tenths(cover))
        )}
      </td>
      <td>{atRisk ? figure("spend_at_risk_per_day", tidy(atRisk, currency)) : ABSENT}</td>
    </tr>
  );
}
