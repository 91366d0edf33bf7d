import type { Brand, Order } from "../api";
import { channelName, clock, dayAndTime, money } from "../format";
import type { Live } from "../live";
import { useOrders } from "../queries";
import { Lines } from "./skeletons";
import { Trouble } from "./trouble";

const DAY_MS = 86_400_000;

/** The newest orders; those that arrive while the page is open light up once. */
export function LiveOrders({ brand, live }: { brand: Brand; live: Live }) {
  const orders = useOrders(brand.brand_id);
  return (
    <section className="card newest" aria-labelledby="orders">
      <div className="card-head">
        <h2 id="orders">Newest orders</h2>
        <p className="small soft">before returns</p>
      </div>
      {orders.data ? <List orders={orders.data} brand={brand} live={live} /> : orders.isError ? <Trouble error={orders.error} /> : <Lines rows={8} />}
    </section>
  );
}

function List({ orders, brand, live }: { orders: Order[]; brand: Brand; live: Live }) {
  const newest = orders[0];
  if (!newest) return <p className="empty">No orders yet. They appear here the moment the shop tells of them.</p>;
  const sameDay = Date.parse(newest.processed_at) - Date.parse(orders.at(-1)?.processed_at ?? newest.processed_at) < DAY_MS;
  return (
    <ol className="orders">
      {orders.map((order) => (
        <li key={order.order_id} className={live.arrived.has(order.order_id) ? "order fresh" : "order"}>
          <span>{order.name || "Order"}</span>
          <span className={order.cancelled_at ? "amount cancelled" : "amount"}>{money(order.net_revenue, order.currency)}</span>
          <span className="where">{whereFrom(order)}</span>
          <span className="when">{(sameDay ? clock : dayAndTime)(order.processed_at, brand.timezone)}</span>
        </li>
      ))}
    </ol>
  );
}

function whereFrom(order: Order): string {
  const parts = [
    order.cancelled_at ? "Cancelled" : null,
    order.channel ? channelName(order.channel) : "Being attributed…",
    order.campaign,
    order.country,
  ];
  return parts.filter(Boolean).join(" · ");
}
