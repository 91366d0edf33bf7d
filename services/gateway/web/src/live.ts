// Follows a brand's feed: orders appear as they arrive, and what else changed is asked for again, not too often.

import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Refused, refusal } from "./api";
import { money } from "./format";
import { ORDERS_SHOWN } from "./queries";
import type { OrderView } from "./schema";
import { useSession } from "./session";
import { backOff, EventReader, type StreamEvent, withOrder } from "./stream";
import { t } from "./texts";

export type Connection = "connecting" | "live" | "lost";
export interface Live {
  connection: Connection;
  arrived: ReadonlySet<string>;
  announced: string;
}

const SETTLE_MS = 1_500;
const BETWEEN_MS = 10_000;
const ANNOUNCE_MS = 15_000;
const ARRIVED_KEPT = 50;
// Without a sign of life for this long the connection is dead, whatever the network says: heartbeats come every 15 s.
const SILENT_MS = 45_000;
const FINAL_REFUSALS = [401, 403, 404];

export function useLive(brand: string): Live {
  const { token, logOut } = useSession();
  const client = useQueryClient();
  const [connection, setConnection] = useState<Connection>("connecting");
  const [arrived, setArrived] = useState<ReadonlySet<string>>(new Set());
  const [announced, setAnnounced] = useState("");

  useEffect(() => {
    const ending = new AbortController();
    const refresh = refresher(client, brand);
    const announce = announcer(setAnnounced);
    setConnection("connecting");
    setArrived(new Set());

    const onEvent = (event: StreamEvent, again: boolean): void => {
      if (event.kind === "order.recorded") {
        const order = JSON.parse(event.data) as OrderView;
        client.setQueryData<OrderView[]>(["orders", brand], (orders) => withOrder(orders ?? [], order, ORDERS_SHOWN));
        setArrived((before) => new Set([...[...before].slice(-ARRIVED_KEPT), order.order_id]));
        announce(order);
        refresh("orders", "dashboard", "books");
      } else if (event.kind.startsWith("alert.")) refresh("alerts", "dashboard");
      else if (event.kind === "ads.synced") refresh("dashboard", "books");
      else if (event.kind === "from" && again) refresh("orders", "dashboard", "books", "alerts");
    };

    follow(`/api/brands/${brand}/events`, token, ending.signal, setConnection, onEvent).catch((error: unknown) => {
      if (error instanceof Refused && error.status === 401) logOut(t("page.login.expired"));
    });
    return () => {
      ending.abort();
      refresh.stop();
    };
  }, [brand, token, client, logOut]);

  return { connection, arrived, announced };
}

/** Says an order for those who hear the page, not too often. */
function announcer(say: (words: string) => void): (order: OrderView) => void {
  let saidAt = 0;
  return (order) => {
    if (Date.now() - saidAt < ANNOUNCE_MS) return;
    saidAt = Date.now();
    say(t("page.live.new_order", { order: order.name ?? "", amount: money(order.net_revenue, order.currency) }));
  };
}

/** Connects, again and again, each time after the last event read; ends when aborted, or by a refusal that stays. */
async function follow(
  path: string,
  token: string | null,
  ending: AbortSignal,
  connected: (connection: Connection) => void,
  onEvent: (event: StreamEvent, again: boolean) => void,
): Promise<void> {
  let last: string | null = null;
  let failures = 0;
  while (!ending.aborted) {
    try {
      await listen(path, token, last, ending, (event) => {
        failures = 0;
        connected("live");
        onEvent(event, last !== null);
        last = event.id ?? last;
      });
    } catch (error) {
      if (error instanceof Refused && FINAL_REFUSALS.includes(error.status)) throw error;
    }
    if (ending.aborted) return;
    connected("lost");
    const wait = backOff(failures) * 1000;
    failures += 1;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

async function listen(
  path: string,
  token: string | null,
  last: string | null,
  ending: AbortSignal,
  onEvent: (event: StreamEvent) => void,
): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENT_MS);
  try {
    const response = await fetch(path, {
      headers: { authorization: `Bearer ${token ?? ""}`, ...(last === null ? {} : { "last-event-id": last }) },
      signal: AbortSignal.any([ending, silence.signal]),
    });
    if (!response.ok || !response.body) throw await refusal(response);
    const reader = new EventReader();
    const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await pieces.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENT_MS);
      for (const event of reader.read(value)) onEvent(event);
    }
  } finally {
    clearTimeout(timer);
  }
}

interface Refresh {
  (...names: string[]): void;
  stop: () => void;
}

/** Marks answers stale a moment after news (others are still computing), and at most every few seconds. */
function refresher(client: QueryClient, brand: string): Refresh {
  const waiting = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastAt = 0;
  const run = (): void => {
    timer = undefined;
    lastAt = Date.now();
    for (const name of waiting) void client.invalidateQueries({ queryKey: [name, brand] });
    waiting.clear();
  };
  const refresh = (...names: string[]): void => {
    for (const name of names) waiting.add(name);
    timer ??= setTimeout(run, Math.max(SETTLE_MS, lastAt + BETWEEN_MS - Date.now()));
  };
  return Object.assign(refresh, { stop: () => clearTimeout(timer) });
}
