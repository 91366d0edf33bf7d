import { type Change, change, money, tidy, times, whole } from "../format";
import type { DayView, SnapshotView } from "../schema";
import { t } from "../texts";
import { Figure } from "./fact_drawer";
import { Sparkline } from "./sparkline";

type Total = "total_revenue" | "total_spend" | "blended_roas" | "orders" | "average_order_value";
type Amount = number | null;

interface Tile {
  total: Total;
  course: (day: DayView) => Amount;
  show: (value: Amount, currency: string) => string;
  /** More is better; where it is neither better nor worse, the change has no colour. */
  judged: boolean;
}

const TILES: Tile[] = [
  { total: "total_revenue", course: (day) => day.revenue, show: tidy, judged: true },
  { total: "total_spend", course: (day) => day.spend, show: tidy, judged: false },
  { total: "blended_roas", course: (day) => day.blended_roas, show: times, judged: true },
  { total: "orders", course: (day) => day.orders, show: whole, judged: true },
  { total: "average_order_value", course: (day) => day.average_order_value, show: money, judged: true },
];

/** The five figures, each with the days before and its course. */
export function Tiles({ snapshot, until }: { snapshot: SnapshotView; until: string | null }) {
  // Days nothing is recorded of yet would draw a fall to nothing; platforms report spend a day late.
  const days = snapshot.by_day.filter((day) => until === null || day.day <= until);
  const spent = days.slice(0, days.findLastIndex((day) => (day.spend ?? 0) > 0) + 1);
  return (
    <section aria-labelledby="figures">
      <h2 id="figures" className="sr">
        {t("page.tiles.title")}
      </h2>
      <ul className="tiles">
        {TILES.map((tile) => (
          <TileCard key={tile.total} tile={tile} snapshot={snapshot} days={tile.judged ? days : spent} />
        ))}
      </ul>
    </section>
  );
}

function TileCard({ tile, snapshot, days }: { tile: Tile; snapshot: SnapshotView; days: DayView[] }) {
  const { total, show, course, judged } = tile;
  const label = t(`page.tiles.${total}`);
  const [now, before] = [snapshot[total], snapshot.previous?.[total] ?? null];
  return (
    <li className={judged ? "card tile" : "card tile spend"}>
      <h3>{label}</h3>
      <p className="value number">
        <Figure fact={snapshot.facts[total]} label={label}>
          {show(now, snapshot.currency)}
        </Figure>
      </p>
      <Delta change={change(now, before)} before={show(before, snapshot.currency)} judged={judged} />
      <Sparkline values={days.map(course)} />
    </li>
  );
}

const ARROWS = { up: "▲", down: "▼", same: "＝" };

function Delta({ change: compared, before, judged }: { change: Change | null; before: string; judged: boolean }) {
  if (!compared) return <p className="delta">{t("page.tiles.nothing_before")}</p>;
  const { direction, words } = compared;
  return (
    <p className="delta">
      <strong className={judged ? direction : ""}>
        <span aria-hidden="true">{ARROWS[direction]} </span>
        {words}
        <span className="sr"> {t(`page.tiles.change.${direction}`)}</span>
      </strong>{" "}
      {t(direction === "same" ? "page.tiles.as_before" : "page.tiles.from_before", { before })}
    </p>
  );
}
