import { clock, dayAndTime, money } from "../format";
import type { Live } from "../live";
import { channelName } from "../names";
import { useOrders } from "../queries";
import type { BrandView, OrderView } from "../schema";
import { t } from "../texts";
import { Lines } from "./skeletons";
import { Trouble } from "./trouble";

const DAY_MS = 86_400_000;

/** The newest orders; those that arrive while the page is open light up once. */
export function LiveOrders({ brand, live }: { brand: BrandView; live: Live }) {
  const orders = useOrders(brand.brand_id);
  return (
    <section className="card newest" aria-labelledby="orders">
      <div className="card-head">
        <h2 id="orders">{t("page.orders.title")}</h2>
        <p className="small soft">{t("page.orders.before_returns")}</p>
      </div>
      {orders.data ? (
        <List orders={orders.data} brand={brand} live={live} />
      ) : orders.isError ? (
        <Trouble error={orders.error} />
      ) : (
        <Lines rows={8} />
      )}
    </section>
  );
}

function List({ orders, brand, live }: { orders: OrderView[]; brand: BrandView; live: Live }) {
  const newest = orders[0];
  if (!newest) return <p className="empty">{t("page.orders.none")}</p>;
  const oldest = orders.at(-1) ?? newest;
  const sameDay = Date.parse(newest.processed_at) - Date.parse(oldest.processed_at) < DAY_MS;
  return (
    <ol className="orders">
      {orders.map((order) => (
        <li key={order.order_id} className={live.arrived.has(order.order_id) ? "order fresh" : "order"}>
          <span>{order.name || t("page.orders.nameless")}</span>
          <span className={order.cancelled_at ? "amount cancelled" : "amount"}>
            {money(order.net_revenue, order.currency)}
          </span>
          <span className="where">{originOf(order)}</span>
          <span className="when">{(sameDay ? clock : dayAndTime)(order.processed_at, brand.timezone)}</span>
        </li>
      ))}
    </ol>
  );
}

function originOf(order: OrderView): string {
  const parts = [
    order.cancelled_at ? t("page.orders.cancelled") : null,
    order.channel ? channelName(order.channel) : t("page.orders.waiting"),
    order.campaign,
    order.country,
  ];
  return parts.filter(Boolean).join(" · ");
}
