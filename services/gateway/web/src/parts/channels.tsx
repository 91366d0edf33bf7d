import { memo, useCallback, useMemo } from "react";
import type { Channel, Snapshot } from "../api";
import { channelName, compact, modelName, money, tidy, times, whole } from "../format";
import { Chart, tip, tooltip, type Colours, type Options } from "./chart";
import { Figure } from "./fact_drawer";

/** What each channel earned by the model, beside what its platform claims. */
export const Channels = memo(function Channels({ told, model }: { told: Snapshot; model: string }) {
  const shown = useMemo(
    () => channelsOf(told).filter((each) => each.spend || each.revenue || each.orders || each.platform_value).sort((a, b) => (b.revenue ?? 0) - (a.revenue ?? 0)),
    [told],
  );
  const claimed = useMemo(() => shown.filter((each) => each.platform_value !== null), [shown]);
  const options = useCallback((colour: Colours): Options => chartOf(claimed, colour), [claimed]);
  const label = `Attributed and claimed revenue: ${claimed.map((each) => `${channelName(each.channel)} ${money(each.revenue, each.currency)} attributed, ${money(each.platform_value, each.currency)} claimed`).join("; ")}.`;
  return (
    <section className="card channels-card" aria-labelledby="channels">
      <div className="card-head">
        <h2 id="channels">Channels</h2>
        {claimed.length > 0 && (
          <ul className="legend">
            <li><span className="swatch" />Attributed, {modelName(model).toLowerCase()}</li>
            <li><span className="swatch claimed" />Claimed by the platform</li>
          </ul>
        )}
      </div>
      {claimed.length > 0 && <Chart className="chart channels" label={label} options={options} />}
      {shown.length ? <Table told={told} channels={shown} claims={claimed.length > 0} /> : <p className="empty">Nothing was sold or spent in these days.</p>}
    </section>
  );
});

function Table({ told, channels, claims }: { told: Snapshot; channels: Channel[]; claims: boolean }) {
  const waiting = notYetAttributed(told);
  return (
    <div className="scroll" role="region" aria-label="Table of channels" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Channel</th>
            <th scope="col">Revenue</th>
            <th scope="col">Orders</th>
            <th scope="col">Spend</th>
            <th scope="col">ROAS</th>
            {claims && <th scope="col">Claimed</th>}
            {claims && <th scope="col" className="wide-only">Claimed ROAS</th>}
          </tr>
        </thead>
        <tbody>
          {channels.map((each) => (
            <tr key={each.channel}>
              <th scope="row">{channelName(each.channel)}</th>
              <td><Figure fact={each.facts.revenue} label={`revenue of ${channelName(each.channel)}`}>{tidy(each.revenue, each.currency)}</Figure></td>
              <td>{each.orders ? <Figure fact={each.facts.orders} label={`orders of ${channelName(each.channel)}`}>{whole(each.orders)}</Figure> : "–"}</td>
              <td>{each.spend ? <Figure fact={each.facts.spend} label={`spend of ${channelName(each.channel)}`}>{tidy(each.spend, each.currency)}</Figure> : "–"}</td>
              <td>{each.attributed_roas === null ? "–" : <Figure fact={each.facts.attributed_roas} label={`ROAS of ${channelName(each.channel)}`}>{times(each.attributed_roas)}</Figure>}</td>
              {claims && <td>{each.platform_value === null ? "–" : <Figure fact={each.facts.platform_value} label={`value claimed by ${channelName(each.channel)}`}>{tidy(each.platform_value, each.currency)}</Figure>}</td>}
              {claims && <td className="wide-only">{times(each.claimed_roas)}</td>}
            </tr>
          ))}
          {waiting && (
            <tr>
              <th scope="row">Not attributed yet</th>
              <td>{tidy(waiting.revenue, told.currency)}</td>
              <td>{waiting.orders ? whole(waiting.orders) : "–"}</td>
              <td>–</td>
              <td>–</td>
              {claims && <td>–</td>}
              {claims && <td className="wide-only">–</td>}
            </tr>
          )}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">All channels</th>
            <td>{tidy(told.total_revenue, told.currency)}</td>
            <td>{whole(told.orders)}</td>
            <td>{tidy(told.total_spend, told.currency)}</td>
            <td />
            {claims && <td />}
            {claims && <td className="wide-only" />}
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

const channelsOf = (told: Snapshot): Channel[] => Object.entries(told.by_channel).map(([channel, numbers]) => ({ channel, ...numbers }));

/** What was sold and is still on its way through attribution: with it the channels add up to the totals. */
function notYetAttributed(told: Snapshot): { revenue: number; orders: number } | null {
  const sum = (pick: (each: Channel) => number | null) => channelsOf(told).reduce((all, each) => all + (pick(each) ?? 0), 0);
  const revenue = Math.round(100 * ((told.total_revenue ?? 0) - sum((each) => each.revenue))) / 100;
  // Models that share an order out count it in several channels: then there is nothing to wait for.
  const orders = Math.max(0, (told.orders ?? 0) - sum((each) => each.orders));
  return revenue || orders ? { revenue, orders } : null;
}

function chartOf(channels: Channel[], colour: Colours): Options {
  const rows = channels.toReversed();
  const currency = rows[0]?.currency ?? null;
  return {
    grid: { left: 4, right: 16, top: 2, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: { type: "value", axisLabel: { color: colour.soft, fontSize: 11, formatter: (value: number) => compact(value, currency) }, splitLine: { lineStyle: { color: colour.line } }, splitNumber: 4 },
    yAxis: {
      type: "category",
      data: rows.map((each) => channelName(each.channel)),
      axisLabel: { color: colour.ink, fontSize: 12 },
      axisLine: { show: false },
      axisTick: { show: false },
    },
    tooltip: {
      ...tooltip(colour),
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: colour.line, opacity: 0.45 } },
      formatter: (shown: unknown) => {
        const each = rows[(shown as { dataIndex: number }[])[0]?.dataIndex ?? -1];
        if (!each) return "";
        return tip(channelName(each.channel), [`${money(each.revenue, currency)} attributed`, `${money(each.platform_value, currency)} claimed`]);
      },
    },
    series: [
      { type: "bar", data: rows.map((each) => each.platform_value), barGap: "12%", barMaxWidth: 15, itemStyle: { color: colour.claimed, borderRadius: [0, 3, 3, 0] } },
      { type: "bar", data: rows.map((each) => each.revenue), barMaxWidth: 15, itemStyle: { color: colour.revenue, borderRadius: [0, 3, 3, 0] } },
    ],
  };
}
