import type { Day, Snapshot, Totals } from "../api";
import { change, money, tidy, times, whole, type Change } from "../format";
import { Figure } from "./fact_drawer";
import { Sparkline } from "./sparkline";

interface Tile {
  label: string; value: string; fact: string | undefined; change: Change | null; before: string | null;
  /** Whether more is better, worse, or neither. */
  tone: 1 | 0; line: (number | null)[]; kind?: "spend";
}

/** The five figures, each with the days before and its course. */
export function Tiles({ told, until }: { told: Snapshot; until: string | null }) {
  return (
    <section aria-labelledby="figures">
      <h2 id="figures" className="sr">Key figures</h2>
      <ul className="tiles">
        {tilesOf(told, until).map((tile) => (
          <li key={tile.label} className={`card tile ${tile.kind ?? ""}`}>
            <h3>{tile.label}</h3>
            <p className="value number"><Figure fact={tile.fact} label={tile.label}>{tile.value}</Figure></p>
            <Delta tile={tile} />
            <Sparkline values={tile.line} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Delta({ tile: { change: told, before, tone } }: { tile: Tile }) {
  if (!told || before === null) return <p className="delta">Nothing to compare with</p>;
  const arrow = { up: "▲", down: "▼", same: "＝" }[told.direction];
  const said = { up: "more than", down: "less than", same: "as" }[told.direction];
  return (
    <p className="delta">
      <strong className={tone ? told.direction : ""}>
        <span aria-hidden="true">{arrow} </span>{told.words}<span className="sr"> {said}</span>
      </strong>{" "}
      {told.direction === "same" ? "as" : "from"} {before}
    </p>
  );
}

function tilesOf(told: Snapshot, until: string | null): Tile[] {
  const { currency, previous, facts, by_day } = told;
  // Days nothing is known of yet would draw a fall to nothing; platforms tell spend a day late.
  const days = by_day.filter((day) => until === null || day.day <= until);
  const spent = days.slice(0, days.findLastIndex((day) => (day.spend ?? 0) > 0) + 1);
  const of = (pick: (totals: Totals) => number | null, show: (value: number | null) => string) => {
    const before = previous ? pick(previous) : null;
    return { value: show(pick(told)), change: change(pick(told), before), before: before === null ? null : show(before) };
  };
  const line = (pick: (day: Day) => number | null) => days.map(pick);
  const inMoney = (value: number | null) => tidy(value, currency);
  return [
    { label: "Net revenue", fact: facts.total_revenue, tone: 1, line: line((day) => day.revenue), ...of((totals) => totals.total_revenue, inMoney) },
    { label: "Ad spend", fact: facts.total_spend, tone: 0, kind: "spend", line: spent.map((day) => day.spend), ...of((totals) => totals.total_spend, inMoney) },
    { label: "Blended ROAS (MER)", fact: facts.blended_roas, tone: 1, line: line((day) => day.blended_roas), ...of((totals) => totals.blended_roas, times) },
    { label: "Orders", fact: facts.orders, tone: 1, line: line((day) => day.orders), ...of((totals) => totals.orders, whole) },
    { label: "Average order value", fact: facts.average_order_value, tone: 1, line: line((day) => day.average_order_value), ...of((totals) => totals.average_order_value, (value) => money(value, currency)) },
  ];
}
