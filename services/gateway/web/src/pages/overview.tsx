import { useMemo } from "react";
import type { Brand, Dashboard } from "../api";
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
import { daysIn, periodOf, shifted, today, type Choice, type Period } from "../periods";
import { useDashboard, useDemo, useSettings } from "../queries";

/** Two months: what thirty days and the thirty before them are compared by. */
const COMPARED_DAYS = 60;

export function Overview({ brand, choice, live }: { brand: Brand; choice: Choice; live: Live }) {
  const settings = useSettings(brand.brand_id);
  const offset = settings.data?.clock_offset_seconds;
  const todayIs = offset === undefined ? null : today(new Date(), offset, brand.timezone);
  const usual = useMemo(() => (todayIs ? periodOf(choice, todayIs, null) : null), [choice, todayIs]);
  const first = useDashboard(brand.brand_id, usual);
  const lastDay = first.data?.period.last_day ?? null;
  const period = useMemo(() => (todayIs ? periodOf(choice, todayIs, lastDay) : null), [choice, todayIs, lastDay]);
  const moved = useDashboard(brand.brand_id, sameDays(period, usual) ? null : period);
  const shown = sameDays(period, usual) ? first : moved;

  return (
    // Until the days that were picked have come, the days before them are still shown.
    <div className="board" aria-busy={shown.isPlaceholderData}>
      <Lead brand={brand} told={shown.data} />
      {shown.isError && <Trouble error={shown.error} again={() => void shown.refetch()} />}
      {shown.data ? (
        shown.data.period.last_day === null ? <NoOrders brand={brand} /> : <Board brand={brand} told={shown.data} live={live} />
      ) : (
        !shown.isError && <BoardSkeleton />
      )}
    </div>
  );
}

const sameDays = (a: Period | null, b: Period | null): boolean => a?.start === b?.start && a?.end === b?.end;

function Lead({ brand, told }: { brand: Brand; told: Dashboard | undefined }) {
  return (
    <div className="lead">
      <h1>{brand.name}</h1>
      {told ? (
        <>
          <p className="small soft">
            {longDay(told.period.start_date)} to {longDay(told.period.end_date)}, {told.period.timezone}
          </p>
          {told.period.last_day !== null && <p className="sentence">{told.summary.summary}</p>}
        </>
      ) : (
        <Skeleton height={20} width="280px" />
      )}
    </div>
  );
}

function Board({ brand, told, live }: { brand: Brand; told: Dashboard; live: Live }) {
  const snapshot = told.performance_snapshot;
  return (
    <>
      <Tiles told={snapshot} until={told.period.last_day} />
      <Filling brand={brand} from={shifted(told.period.start_date, -daysIn({ start: told.period.start_date, end: told.period.end_date }))} />
      <Notes told={snapshot} />
      <div className="grid">
        <div className="stack span-8">
          <RevenueChart told={snapshot} />
          <Recommendations all={told.recommendations} />
          <Channels told={snapshot} model={told.period.model} />
          <Stock told={told.inventory} />
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
function Filling({ brand, from }: { brand: Brand; from: string }) {
  const { data: demo } = useDemo();
  if (demo?.brand_id !== brand.brand_id || demo.state !== "filling") return null;
  const short = demo.days_told < Math.min(COMPARED_DAYS, demo.days);
  if (!short && (!demo.oldest_day || demo.oldest_day <= from)) return null;
  return (
    <div className="notice small">
      <p>
        This shop’s history is filling in, newest first: {whole(demo.days_told)} of {whole(demo.days)} days so far.{" "}
        {short || !demo.oldest_day
          ? "Comparisons and advice make sense once its last two months are there."
          : `What lies before ${longDay(demo.oldest_day)} is still coming.`}
      </p>
    </div>
  );
}

/** What is not part of the numbers, and what else to know about them. */
function Notes({ told }: { told: Dashboard["performance_snapshot"] }) {
  const currencies = [...new Set(told.excluded.map((each) => each.currency).filter(Boolean))];
  if (!told.notes.length && !currencies.length) return null;
  return (
    <div className="notice small">
      {told.notes.map((note) => <p key={note}>{note}</p>)}
      {currencies.length > 0 && <p>Money in {currencies.join(", ")} is listed by the API but is part of no number here.</p>}
    </div>
  );
}

function NoOrders({ brand }: { brand: Brand }) {
  const { pick } = useUploads();
  const { data: demo } = useDemo();
  if (demo?.brand_id === brand.brand_id) return <Opening />;
  return (
    <section className="card welcome">
      <h2>No orders yet</h2>
      <p>Drop an export of past orders anywhere on this page (in Shopify: Orders, Export, plain CSV file), or pick it:</p>
      <p><button type="button" className="button primary" onClick={pick}>Import orders</button></p>
      <p>For orders as they happen, point the shop’s webhooks here:</p>
      <pre>{`${location.origin}/webhooks/shopify`}</pre>
      <p>From the command line, any file of transactions:</p>
      <pre>{`pulsepoint replay FILE --shop ${brand.shopify_store}`}</pre>
    </section>
  );
}

function BoardSkeleton() {
  return (
    <>
      <p className="sr" role="status">Loading</p>
      <div className="tiles">
        {Array.from({ length: 5 }, (_, index) => (
          <div key={index} className="card tile"><Skeleton height={96} /></div>
        ))}
      </div>
      <div className="grid">
        <div className="card span-8"><Skeleton height={300} /></div>
        <div className="card span-4"><Lines rows={9} /></div>
      </div>
    </>
  );
}
