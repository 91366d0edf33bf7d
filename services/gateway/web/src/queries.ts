// What is asked of the gateway and how often. The feed says when something happened; the rest is a slow heartbeat.

import { useQuery } from "@tanstack/react-query";
import type { Alert, Books, Brand, Dashboard, Demo, Fact, Held, Metric, Order, Settings, Trace } from "./api";
import type { Period } from "./periods";
import { useSession } from "./session";
import { withList } from "./stream";

const SLOW = 30_000;
export const ORDERS_SHOWN = 20;

export function useBrands() {
  const { call } = useSession();
  return useQuery({
    queryKey: ["brands"],
    queryFn: () => call<{ brands: Brand[] }>("/api/brands"),
    select: (told) => told.brands,
    // The first one may be made elsewhere: by a demo that opens, by the command line.
    refetchInterval: (query) => (query.state.data?.brands.length === 0 ? 2_000 : false),
  });
}

export function useSettings(brand: string) {
  const { call } = useSession();
  return useQuery({ queryKey: ["settings", brand], queryFn: () => call<Settings>(`/api/brands/${brand}/settings`), staleTime: 60_000, refetchInterval: 60_000 });
}

export function useDashboard(brand: string, period: Period | null) {
  const { call } = useSession();
  const days = period && `start_date=${period.start}&end_date=${period.end}`;
  return useQuery({
    queryKey: ["dashboard", brand, period?.start, period?.end],
    queryFn: () => call<Dashboard>(`/api/brands/${brand}/dashboard?compare=true&${days}`),
    enabled: period !== null,
    refetchInterval: SLOW,
    placeholderData: (before) => (before?.brand_id === brand ? before : undefined),
  });
}

export function useAlerts(brand: string, status: "open" | "all" = "open") {
  const { call } = useSession();
  return useQuery({
    queryKey: ["alerts", brand, status],
    queryFn: () => call<{ alerts: Alert[] }>(`/api/brands/${brand}/alerts?status=${status}`),
    select: (told) => told.alerts,
    refetchInterval: SLOW,
  });
}

export function useOrders(brand: string) {
  const { call } = useSession();
  return useQuery({
    queryKey: ["orders", brand],
    queryFn: () => call<{ orders: Order[] }>(`/api/brands/${brand}/orders?limit=${ORDERS_SHOWN}`).then((told) => told.orders),
    structuralSharing: (before, list) => withList((before as Order[] | undefined) ?? [], list as Order[], ORDERS_SHOWN),
    refetchInterval: SLOW,
  });
}

export function useBooks(brand: string) {
  const { call } = useSession();
  return useQuery({ queryKey: ["books", brand], queryFn: () => call<Books>(`/api/brands/${brand}/books`), refetchInterval: SLOW });
}

export function useHeld() {
  const { call } = useSession();
  return useQuery({ queryKey: ["held"], queryFn: () => call<Held>("/api/quarantine?limit=1"), refetchInterval: SLOW });
}

export function useDemo() {
  const { call } = useSession();
  return useQuery({
    queryKey: ["demo"],
    queryFn: () => call<Demo | null>("/api/demo"),
    retry: false,
    // Requests are limited by the minute, and a day of history takes seconds.
    refetchInterval: (query) => ({ starting: 3_000, filling: 10_000, live: false as const })[query.state.data?.state ?? "live"],
  });
}

export function useMetrics() {
  const { call } = useSession();
  return useQuery({
    queryKey: ["metrics"],
    queryFn: () => call<{ metrics: Metric[] }>("/api/metrics"),
    select: (told) => new Map(told.metrics.map((each) => [each.name, each])),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useFact(factId: string) {
  const { call } = useSession();
  return useQuery({ queryKey: ["fact", factId], queryFn: () => call<Fact>(`/api/facts/${factId}`), staleTime: 300_000 });
}

export function useTrace(traceId: string) {
  const { call } = useSession();
  return useQuery({ queryKey: ["trace", traceId], queryFn: () => call<Trace>(`/api/traces/${traceId}`), refetchInterval: SLOW });
}
