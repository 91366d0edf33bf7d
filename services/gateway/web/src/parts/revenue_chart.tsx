import { memo, useCallback } from "react";
import type { Snapshot } from "../api";
import { compact, count, longDay, money, shortDay } from "../format";
import { Chart, tip, tooltip, type Colours, type Options } from "./chart";

const MANY_DAYS = 120;

/** Net revenue and ad spend of each day; drawn anew only when a number changed. */
export const RevenueChart = memo(function RevenueChart({ told }: { told: Snapshot }) {
  const { by_day: days, currency } = told;
  const options = useCallback((colour: Colours): Options => chartOf(told, colour), [told]);
  const total = money(told.total_revenue, currency);
  const label = `Net revenue and ad spend by day: ${total} revenue and ${money(told.total_spend, currency)} spend over ${count(days.length, "day")}. The table below has each day.`;
  return (
    <section className="card by-day" aria-labelledby="by-day">
      <div className="card-head">
        <h2 id="by-day">Revenue and ad spend by day</h2>
        <ul className="legend">
          <li><span className="swatch" />Net revenue</li>
          <li><span className="swatch spend" />Ad spend</li>
        </ul>
      </div>
      <Chart className="chart" label={label} options={options} />
      <details className="as-table">
        <summary>Show as a table</summary>
        <div className="scroll" role="region" aria-label="Each day" tabIndex={0}>
          <table>
            <thead>
              <tr><th scope="col">Day</th><th scope="col">Net revenue</th><th scope="col">Ad spend</th><th scope="col">Orders</th></tr>
            </thead>
            <tbody>
              {days.toReversed().map((day) => (
                <tr key={day.day}>
                  <th scope="row">{longDay(day.day)}</th>
                  <td>{money(day.revenue, currency)}</td>
                  <td>{money(day.spend, currency)}</td>
                  <td>{day.orders}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
});

function chartOf({ by_day: days, currency }: Snapshot, colour: Colours): Options {
  // Platforms tell a day late: the line ends where spend was last known instead of falling to nothing.
  const told = days.findLastIndex((day) => (day.spend ?? 0) > 0);
  const many = days.length > MANY_DAYS;
  const revenue = days.map((day) => day.revenue);
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
      axisPointer: { type: many ? "line" : "shadow", lineStyle: { color: colour.soft }, shadowStyle: { color: colour.line, opacity: 0.45 } },
      formatter: (shown: unknown) => {
        const day = days[(shown as { dataIndex: number }[])[0]?.dataIndex ?? -1];
        if (!day) return "";
        return tip(longDay(day.day), [
          `${money(day.revenue, currency)} net revenue`,
          `${money(day.spend, currency)} ad spend`,
          count(day.orders ?? 0, "order"),
        ]);
      },
    },
    series: [
      many
        ? { type: "line", data: revenue, showSymbol: false, lineStyle: { width: 1.4, color: colour.revenue }, areaStyle: { color: colour.revenue, opacity: 0.14 }, itemStyle: { color: colour.revenue } }
        : { type: "bar", data: revenue, barCategoryGap: "28%", itemStyle: { color: colour.revenue, borderRadius: [3, 3, 0, 0] } },
      {
        type: "line",
        data: days.map((day, index) => (index <= told ? day.spend : null)),
        showSymbol: days.length === 1,
        lineStyle: { width: 2, color: colour.spend },
        itemStyle: { color: colour.spend },
      },
    ],
  };
}
