import { useMemo } from "react";
import { longDay, whole } from "../format";
import type { Live } from "../live";
import { Alerts } from "../parts/alerts";
import { Channels } from "../parts/channels";
import { LiveOrders } from "../parts/live_orders";
import { Opening } from "../parts/opening";
import { Recommendations } from "../parts/recommendations";
import { RevenueChart } from "../parts/revenue_chart";
import { Lines, Skeleton } from "../parts/skeletons";
import { Stock } from "../parts/stock";
import { Tiles } from "../parts/tiles";
import { Trouble } from "../parts/trouble";
import { useUploads } from "../parts/uploads";
import { type Choice, daysIn, type Period, periodOf, shifted, today } from "../periods";
import { useDashboard, useDemo, useSettings, useWebhookAddress } from "../queries";
import type { BrandView, DashboardView, SnapshotView } from "../schema";
import { t } from "../texts";

/** Two months: what thirty days and the thirty before them are compared by. */
const COMPARED_DAYS = 60;

export function Overview({ brand, choice, live }: { brand: BrandView; choice: Choice; live: Live }) {
  const shown = useShown(brand, choice);
  const board = shown.data;
  return (
    // Until the days that were picked have come, the days before them are still shown.
    <div className="board" aria-busy={shown.isPlaceholderData}>
      <Lead brand={brand} dashboard={board} />
      {shown.isError && <Trouble error={shown.error} again={() => void shown.refetch()} />}
      {board ? (
        board.period.last_day === null ? (
          <NoOrders brand={brand} />
        ) : (
          <Board brand={brand} dashboard={board} live={live} />
        )
      ) : (
        !shown.isError && <BoardSkeleton />
      )}
    </div>
  );
}

/** The dashboard of the days chosen; of a shop whose newest order is old, of its last days. */
function useShown(brand: BrandView, choice: Choice) {
  const settings = useSettings(brand.brand_id);
  const offset = settings.data?.clock_offset_seconds;
  const todayIs = offset === undefined ? null : today(new Date(), offset, brand.timezone);
  const usual = useMemo(() => (todayIs ? periodOf(choice, todayIs, null) : null), [choice, todayIs]);
  const first = useDashboard(brand.brand_id, usual);
  const lastDay = first.data?.period.last_day ?? null;
  const period = useMemo(() => (todayIs ? periodOf(choice, todayIs, lastDay) : null), [choice, todayIs, lastDay]);
  const moved = useDashboard(brand.brand_id, sameDays(period, usual) ? null : period);
  return sameDays(period, usual) ? first : moved;
}

const sameDays = (a: Period | null, b: Period | null): boolean => a?.start === b?.start && a?.end === b?.end;

function Lead({ brand, dashboard }: { brand: BrandView; dashboard: DashboardView | undefined }) {
  return (
    <div className="lead">
      <h1>{brand.name}</h1>
      {dashboard ? (
        <>
          <p className="small soft">
            {t("page.period.shown", {
              start: longDay(dashboard.period.start_date),
              end: longDay(dashboard.period.end_date),
              timezone: dashboard.period.timezone,
            })}
          </p>
          {dashboard.period.last_day !== null && <p className="sentence">{dashboard.summary.summary}</p>}
        </>
      ) : (
        <Skeleton height={20} width="280px" />
      )}
    </div>
  );
}

function Board({ brand, dashboard, live }: { brand: BrandView; dashboard: DashboardView; live: Live }) {
  const { performance_snapshot: snapshot, period, inventory, recommendations } = dashboard;
  const days = daysIn({ start: period.start_date, end: period.end_date });
  return (
    <>
      <Tiles snapshot={snapshot} until={period.last_day} />
      <Filling brand={brand} from={shifted(period.start_date, -days)} />
      <Notes snapshot={snapshot} />
      <div className="grid">
        <div className="stack span-8">
          <RevenueChart snapshot={snapshot} />
          <Recommendations all={recommendations} />
          <Channels snapshot={snapshot} model={period.model} />
          <Stock inventory={inventory} />
        </div>
        <div className="stack span-4">
          <Alerts brand={brand} />
          <LiveOrders brand={brand} live={live} />
        </div>
      </div>
    </>
  );
}

/** Said while the history of the demo is too short for what is compared and advised; `from` is the first day compared. */
function Filling({ brand, from }: { brand: BrandView; from: string }) {
  const { data: demo } = useDemo();
  if (demo?.brand_id !== brand.brand_id || demo.state !== "filling") return null;
  const short = demo.days_told < Math.min(COMPARED_DAYS, demo.days);
  if (!short && (!demo.oldest_day || demo.oldest_day <= from)) return null;
  return (
    <div className="notice small">
      <p>
        {t("page.filling.progress", { done: whole(demo.days_told), days: whole(demo.days) })}{" "}
        {short || !demo.oldest_day
          ? t("page.filling.short")
          : t("page.filling.before", { day: longDay(demo.oldest_day) })}
      </p>
    </div>
  );
}

/** Money that is part of no number, and what else to know about the numbers. */
function Notes({ snapshot }: { snapshot: SnapshotView }) {
  const currencies = [...new Set(snapshot.excluded.map((each) => each.currency).filter(Boolean))];
  if (!snapshot.notes.length && !currencies.length) return null;
  return (
    <div className="notice small">
      {snapshot.notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
      {currencies.length > 0 && <p>{t("page.notes.other_currencies", { currencies: currencies.join(", ") })}</p>}
    </div>
  );
}

function NoOrders({ brand }: { brand: BrandView }) {
  const { pick } = useUploads();
  const { data: demo } = useDemo();
  if (demo?.brand_id === brand.brand_id) return <Opening />;
  return (
    <section className="card welcome">
      <h2>{t("page.no_orders.title")}</h2>
      <p>{t("page.no_orders.drop")}</p>
      <p>
        <button type="button" className="button primary" onClick={pick}>
          {t("page.import")}
        </button>
      </p>
      <WebhookAddress brand={brand} />
      <p>{t("page.no_orders.command")}</p>
      <pre>{`pulsepoint replay FILE --shop ${brand.shopify_store}`}</pre>
    </section>
  );
}

function WebhookAddress({ brand }: { brand: BrandView }) {
  const { data: address, isPending } = useWebhookAddress(brand.brand_id);
  if (isPending) return null;
  if (!address) {
    return (
      <>
        <p>{t("page.no_orders.ask_for_address")}</p>
        <pre>{t("page.no_orders.address_command", { shop: brand.shopify_store })}</pre>
      </>
    );
  }
  return (
    <>
      <p>{t("page.no_orders.webhooks")}</p>
      <pre>{address}</pre>
    </>
  );
}

function BoardSkeleton() {
  return (
    <>
      <p className="sr" role="status">
        {t("page.loading")}
      </p>
      <div className="tiles">
        {["revenue", "spend", "roas", "orders", "value"].map((name) => (
          <div key={name} className="card tile">
            <Skeleton height={96} />
          </div>
        ))}
      </div>
      <div className="grid">
        <div className="card span-8">
          <Skeleton height={300} />
        </div>
        <div className="card span-4">
          <Lines rows={9} />
        </div>
      </div>
    </>
  );
}
