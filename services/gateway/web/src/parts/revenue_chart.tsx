import { memo, useCallback } from "react";
import { compact, longDay, money, shortDay, whole } from "../format";
import type { DayView, SnapshotView } from "../schema";
import { t } from "../texts";
import { Chart, type Colours, type Options, tip, tooltip } from "./chart";

const MANY_DAYS = 120;

/** Net revenue and ad spend of each day; drawn anew only when a number changed. */
export const RevenueChart = memo(function RevenueChart({ snapshot }: { snapshot: SnapshotView }) {
  const { by_day: days, currency } = snapshot;
  const options = useCallback((colour: Colours): Options => chartOf(snapshot, colour), [snapshot]);
  const label = t("page.by_day.chart", {
    revenue: money(snapshot.total_revenue, currency),
    spend: money(snapshot.total_spend, currency),
    days: t("page.count.days", { count: days.length }),
  });
  return (
    <section className="card by-day" aria-labelledby="by-day">
      <div className="card-head">
        <h2 id="by-day">{t("page.by_day.title")}</h2>
        <ul className="legend">
          <li>
            <span className="swatch" />
            {t("page.by_day.revenue")}
          </li>
          <li>
            <span className="swatch spend" />
            {t("page.by_day.spend")}
          </li>
        </ul>
      </div>
      <Chart className="chart" label={label} options={options} />
      <details className="as-table">
        <summary>{t("page.by_day.as_table")}</summary>
        <Table days={days} currency={currency} />
      </details>
    </section>
  );
});

function Table({ days, currency }: { days: DayView[]; currency: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="scroll" aria-label={t("page.by_day.table")} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("page.by_day.day")}</th>
            <th scope="col">{t("page.by_day.revenue")}</th>
            <th scope="col">{t("page.by_day.spend")}</th>
            <th scope="col">{t("page.by_day.orders")}</th>
          </tr>
        </thead>
        <tbody>
          {days.toReversed().map((day) => (
            <tr key={day.day}>
              <th scope="row">{longDay(day.day)}</th>
              <td>{money(day.revenue, currency)}</td>
              <td>{money(day.spend, currency)}</td>
              <td>{whole(day.orders)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function chartOf({ by_day: days, currency }: SnapshotView, colour: Colours): Options {
  return {
    grid: { left: 4, right: 6, top: 14, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: {
      type: "category",
      data: days.map((day) => day.day),
      axisLabel: { color: colour.soft, fontSize: 11, formatter: shortDay, hideOverlap: true },
      axisLine: { lineStyle: { color: colour.line } },
      axisTick: { show: false },
    },
    yAxis: {
      type: "value",
      axisLabel: { color: colour.soft, fontSize: 11, formatter: (value: number) => compact(value, currency) },
      splitLine: { lineStyle: { color: colour.line } },
      splitNumber: 4,
    },
    tooltip: {
      ...tooltip(colour),
      trigger: "axis",
      axisPointer: {
        type: days.length > MANY_DAYS ? "line" : "shadow",
        lineStyle: { color: colour.soft },
        shadowStyle: { color: colour.line, opacity: 0.45 },
      },
      formatter: (shown: unknown) => {
        const day = days[(shown as { dataIndex: number }[])[0]?.dataIndex ?? -1];
        return day ? tip(longDay(day.day), linesOf(day, currency)) : "";
      },
    },
    series: [revenueOf(days, colour), spendOf(days, colour)],
  };
}

const linesOf = (day: DayView, currency: string): string[] => [
  t("page.by_day.tip.revenue", { amount: money(day.revenue, currency) }),
  t("page.by_day.tip.spend", { amount: money(day.spend, currency) }),
  t("page.count.orders", { count: day.orders ?? 0 }),
];

type Series = Extract<Options["series"], unknown[]>[number];

function revenueOf(days: DayView[], colour: Colours): Series {
  const data = days.map((day) => day.revenue);
  const itemStyle = { color: colour.revenue };
  if (days.length <= MANY_DAYS) {
    return { type: "bar", data, barCategoryGap: "28%", itemStyle: { ...itemStyle, borderRadius: [3, 3, 0, 0] } };
  }
  return {
    type: "line",
    data,
    showSymbol: false,
    lineStyle: { width: 1.4, color: colour.revenue },
    areaStyle: { color: colour.revenue, opacity: 0.14 },
    itemStyle,
  };
}

function spendOf(days: DayView[], colour: Colours): Series {
  // Platforms report a day late: the line ends where spend was last reported instead of falling to nothing.
  const last = days.findLastIndex((day) => (day.spend ?? 0) > 0);
  return {
    type: "line",
    data: days.map((day, index) => (index <= last ? day.spend : null)),
    showSymbol: days.length === 1,
    lineStyle: { width: 2, color: colour.spend },
    itemStyle: { color: colour.spend },
  };
}
