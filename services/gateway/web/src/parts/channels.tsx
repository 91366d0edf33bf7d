import { memo, useCallback, useMemo } from "react";
import { ABSENT, compact, money, tidy, times, whole } from "../format";
import { channelName, modelName } from "../names";
import type { ChannelView, SnapshotView } from "../schema";
import { t } from "../texts";
import { Chart, type Colours, type Options, tip, tooltip } from "./chart";
import { Figure } from "./fact_drawer";

interface Channel extends ChannelView {
  name: string;
}

/** What each channel earned by the model, beside what its platform claims. */
export const Channels = memo(function Channels({ snapshot, model }: { snapshot: SnapshotView; model: string }) {
  const shown = useMemo(() => channelsOf(snapshot), [snapshot]);
  const claimed = useMemo(() => shown.filter((each) => typeof each.platform_value === "number"), [shown]);
  const options = useCallback((colour: Colours): Options => chartOf(claimed, colour), [claimed]);
  const each = (channel: Channel): string =>
    t("page.channels.chart.each", { channel: channel.name, ...amountsOf(channel) });
  return (
    <section className="card channels-card" aria-labelledby="channels">
      <div className="card-head">
        <h2 id="channels">{t("page.channels.title")}</h2>
        {claimed.length > 0 && (
          <ul className="legend">
            <li>
              <span className="swatch" />
              {t("page.channels.attributed_by", { model: modelName(model).toLocaleLowerCase() })}
            </li>
            <li>
              <span className="swatch claimed" />
              {t("page.channels.claimed_by_platform")}
            </li>
          </ul>
        )}
      </div>
      {claimed.length > 0 && (
        <Chart
          className="chart channels"
          label={t("page.channels.chart", { channels: claimed.map(each).join("; ") })}
          options={options}
        />
      )}
      {shown.length ? (
        <Table snapshot={snapshot} channels={shown} claims={claimed.length > 0} />
      ) : (
        <p className="empty">{t("page.channels.none")}</p>
      )}
    </section>
  );
});

/** Channels with anything to show, what earned most first. */
function channelsOf(snapshot: SnapshotView): Channel[] {
  return Object.entries(snapshot.by_channel)
    .map(([channel, view]) => ({ ...view, name: channelName(channel) }))
    .filter((each) => each.spend || each.revenue || each.orders || each.platform_value)
    .sort((a, b) => (b.revenue ?? 0) - (a.revenue ?? 0));
}

const amountsOf = (channel: Channel): { attributed: string; claimed: string } => ({
  attributed: money(channel.revenue, channel.currency),
  claimed: money(channel.platform_value, channel.currency),
});

interface TableProps {
  snapshot: SnapshotView;
  channels: Channel[];
  claims: boolean;
}

function Table({ snapshot, channels, claims }: TableProps) {
  const waiting = notYetAttributed(snapshot);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="scroll" aria-label={t("page.channels.table")} tabIndex={0}>
      <table>
        <Headings claims={claims} />
        <tbody>
          {channels.map((each) => (
            <Row key={each.name} channel={each} claims={claims} />
          ))}
          {waiting && (
            <tr>
              <th scope="row">{t("page.channels.waiting")}</th>
              <td>{tidy(waiting.revenue, snapshot.currency)}</td>
              <td>{waiting.orders ? whole(waiting.orders) : ABSENT}</td>
              <td>{ABSENT}</td>
              <td>{ABSENT}</td>
              {claims && <td>{ABSENT}</td>}
              {claims && <td className="wide-only">{ABSENT}</td>}
            </tr>
          )}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t("page.channels.all")}</th>
            <td>{tidy(snapshot.total_revenue, snapshot.currency)}</td>
            <td>{whole(snapshot.orders)}</td>
            <td>{tidy(snapshot.total_spend, snapshot.currency)}</td>
            <td />
            {claims && <td />}
            {claims && <td className="wide-only" />}
          </tr>
        </tfoot>
      </table>
    </section>
  );
}

function Headings({ claims }: { claims: boolean }) {
  return (
    <thead>
      <tr>
        <th scope="col">{t("page.channels.channel")}</th>
        <th scope="col">{t("page.channels.revenue")}</th>
        <th scope="col">{t("page.channels.orders")}</th>
        <th scope="col">{t("page.channels.spend")}</th>
        <th scope="col">{t("page.channels.roas")}</th>
        {claims && <th scope="col">{t("page.channels.claimed")}</th>}
        {claims && (
          <th scope="col" className="wide-only">
            {t("page.channels.claimed_roas")}
          </th>
        )}
      </tr>
    </thead>
  );
}

function Row({ channel, claims }: { channel: Channel; claims: boolean }) {
  const { name, facts, currency } = channel;
  const cell = (figure: string, value: number | null | undefined, text: string, hidden = value === null) =>
    hidden || value === undefined ? (
      ABSENT
    ) : (
      <Figure fact={facts[figure]} label={t(`page.channels.of.${figure}`, { channel: name })}>
        {text}
      </Figure>
    );
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{cell("revenue", channel.revenue, tidy(channel.revenue, currency), false)}</td>
      <td>{cell("orders", channel.orders, whole(channel.orders), !channel.orders)}</td>
      <td>{cell("spend", channel.spend, tidy(channel.spend, currency), !channel.spend)}</td>
      <td>{cell("attributed_roas", channel.attributed_roas, times(channel.attributed_roas))}</td>
      {claims && <td>{cell("platform_value", channel.platform_value, tidy(channel.platform_value, currency))}</td>}
      {claims && (
        <td className="wide-only">{cell("claimed_roas", channel.claimed_roas, times(channel.claimed_roas))}</td>
      )}
    </tr>
  );
}

/** What was sold and is still on its way through attribution: with it the channels add up to the totals. */
function notYetAttributed(snapshot: SnapshotView): { revenue: number; orders: number } | null {
  const channels = Object.values(snapshot.by_channel);
  const sum = (pick: (each: ChannelView) => number | null) =>
    channels.reduce((all, each) => all + (pick(each) ?? 0), 0);
  const revenue = Math.round(100 * ((snapshot.total_revenue ?? 0) - sum((each) => each.revenue))) / 100;
  // Models that share an order out count it in several channels: then there is nothing to wait for.
  const orders = Math.max(0, (snapshot.orders ?? 0) - sum((each) => each.orders));
  return revenue || orders ? { revenue, orders } : null;
}

function tipOf(channel: Channel | undefined): HTMLElement | string {
  if (!channel) return "";
  const { attributed, claimed } = amountsOf(channel);
  return tip(channel.name, [
    t("page.channels.tip.attributed", { amount: attributed }),
    t("page.channels.tip.claimed", { amount: claimed }),
  ]);
}

function chartOf(channels: Channel[], colour: Colours): Options {
  const rows = channels.toReversed();
  const currency = rows[0]?.currency ?? null;
  const bar = { type: "bar" as const, barMaxWidth: 15 };
  const rounded = { borderRadius: [0, 3, 3, 0] };
  return {
    grid: { left: 4, right: 16, top: 2, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: {
      type: "value",
      axisLabel: { color: colour.soft, fontSize: 11, formatter: (value: number) => compact(value, currency) },
      splitLine: { lineStyle: { color: colour.line } },
      splitNumber: 4,
    },
    yAxis: {
      type: "category",
      data: rows.map((each) => each.name),
      axisLabel: { color: colour.ink, fontSize: 12 },
      axisLine: { show: false },
      axisTick: { show: false },
    },
    tooltip: {
      ...tooltip(colour),
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: colour.line, opacity: 0.45 } },
      formatter: (shown: unknown) => tipOf(rows[(shown as { dataIndex: number }[])[0]?.dataIndex ?? -1]),
    },
    series: [
      {
        ...bar,
        data: rows.map((each) => each.platform_value ?? null),
        barGap: "12%",
        itemStyle: { color: colour.claimed, ...rounded },
      },
      { ...bar, data: rows.map((each) => each.revenue), itemStyle: { color: colour.revenue, ...rounded } },
    ],
  };
}
