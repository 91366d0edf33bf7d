// Server-sent events over fetch, which can send a token and Last-Event-ID where EventSource cannot.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

import type { OrderView } from "./schema";

export interface StreamEvent {
  id: string | null;
  kind: string;
  data: string;
}

/** Splits text that arrives in pieces into events; what is not whole yet waits for the next piece. */
export class EventReader {
  #rest = "";

  read(piece: string): StreamEvent[] {
    this.#rest += piece;
    const events: StreamEvent[] = [];
    for (;;) {
      const end = this.#rest.search(/\r?\n\r?\n/);
      if (end < 0) return events;
      const event = eventOf(this.#rest.slice(0, end));
      this.#rest = this.#rest.slice(end).replace(/^\r?\n\r?\n/, "");
      if (event) events.push(event);
    }
  }
}

function eventOf(block: string): StreamEvent | null {
  let id: string | null = null;
  let kind = "message";
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "id") id = value;
    else if (field === "event") kind = value;
    else if (field === "data") data.push(value);
  }
  return data.length ? { id, kind, data: data.join("\n") } : null;
}

const newestFirst = (a: OrderView, b: OrderView): number =>
  b.processed_at.localeCompare(a.processed_at) || b.order_id.localeCompare(a.order_id);

const instant = (text: string): string => new Date(text).toISOString();

/** Orders with news of one of them: each once, newest first, at most `limit`. */
export function withOrder(
  orders: OrderView[],
  news: Partial<OrderView> & Pick<OrderView, "order_id">,
  limit: number,
): OrderView[] {
  const before = orders.find((order) => order.order_id === news.order_id);
  const merged: OrderView = {
    name: null,
    processed_at: new Date(0).toISOString(),
    cancelled_at: null,
    net_revenue: 0,
    currency: "",
    country: null,
    channel: null,
    campaign: null,
    ...before,
    ...news,
  };
  merged.processed_at = instant(merged.processed_at);
  const others = orders.filter((order) => order.order_id !== news.order_id);
  return [merged, ...others].sort(newestFirst).slice(0, limit);
}

/** A fresh list from the API, which has channels, with those orders of the feed alone that it does not have yet. */
export function withList(orders: OrderView[], list: OrderView[], limit: number): OrderView[] {
  const tidy = list.map((order) => ({ ...order, processed_at: instant(order.processed_at) }));
  const listed = new Set(tidy.map((order) => order.order_id));
  const oldest = tidy.at(-1)?.processed_at ?? "";
  const ahead = orders.filter(
    (order) => order.channel === null && !listed.has(order.order_id) && order.processed_at >= oldest,
  );
  return [...ahead, ...tidy].sort(newestFirst).slice(0, limit);
}

/** Seconds to wait before connecting again for the nth time in a row. */
export const backOff = (failures: number): number => Math.min(30, 2 ** Math.min(failures, 6) / 2);
