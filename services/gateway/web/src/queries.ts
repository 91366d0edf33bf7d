// What is asked of the gateway and how often. The feed says when something happened; the rest is a slow heartbeat.

import { useQuery } from "@tanstack/react-query";
import { bodyOf, isForbidden, Refused } from "./api";
import type { Period } from "./periods";
import type { DemoView, FaultView, OrderView } from "./schema";
import { useSession } from "./session";
import { withList } from "./stream";

const SLOW = 30_000;
export const ORDERS_SHOWN = 20;

export function useBrands() {
  const { api } = useSession();
  return useQuery({
    queryKey: ["brands"],
    queryFn: () => bodyOf(api.GET("/api/brands")),
    select: (body) => body.brands,
    // The first one may be made elsewhere: by a demo that opens, by the command line.
    refetchInterval: (query) => (query.state.data?.brands.length === 0 ? 2_000 : false),
  });
}

export function useSettings(brand: string) {
  const { api } = useSession();
  return useQuery({
    queryKey: ["settings", brand],
    queryFn: () => bodyOf(api.GET("/api/brands/{brand_id}/settings", { params: { path: { brand_id: brand } } })),
    staleTime: 60_000,
    refetchInterval: 60_000,
  });
}

/** The address the brand's shop sends its webhooks to; null where it has none yet. Not everyone may see it. */
export function useWebhookAddress(brand: string) {
  const { api } = useSession();
  return useQuery({
    queryKey: ["webhook-address", brand],
    queryFn: () => bodyOf(api.GET("/api/brands/{brand_id}/webhook-address", { params: { path: { brand_id: brand } } })),
    select: (body) => body.address,
    retry: false,
  });
}

export function useDashboard(brand: string, period: Period | null) {
  const { api } = useSession();
  const days = period ? { start_date: period.start, end_date: period.end } : {};
  return useQuery({
    queryKey: ["dashboard", brand, period?.start, period?.end],
    queryFn: () =>
      bodyOf(
        api.GET("/api/brands/{brand_id}/dashboard", {
          params: { path: { brand_id: brand }, query: { compare: true, ...days } },
        }),
      ),
    enabled: period !== null,
    refetchInterval: SLOW,
    placeholderData: (before) => (before?.brand_id === brand ? before : undefined),
  });
}

export function useAlerts(brand: string, status: "open" | "all" = "open") {
  const { api } = useSession();
  return useQuery({
    queryKey: ["alerts", brand, status],
    queryFn: () =>
      bodyOf(api.GET("/api/brands/{brand_id}/alerts", { params: { path: { brand_id: brand }, query: { status } } })),
    select: (body) => body.alerts,
    refetchInterval: SLOW,
  });
}

export function useOrders(brand: string) {
  const { api } = useSession();
  return useQuery({
    queryKey: ["orders", brand],
    queryFn: async () => {
      const params = { path: { brand_id: brand }, query: { limit: ORDERS_SHOWN } };
      return (await bodyOf(api.GET("/api/brands/{brand_id}/orders", { params }))).orders;
    },
    structuralSharing: (before, list) =>
      withList((before as OrderView[] | undefined) ?? [], list as OrderView[], ORDERS_SHOWN),
    refetchInterval: SLOW,
  });
}

export function useBooks(brand: string) {
  const { api } = useSession();
  return useQuery({
    queryKey: ["books", brand],
    queryFn: () => bodyOf(api.GET("/api/brands/{brand_id}/books", { params: { path: { brand_id: brand } } })),
    refetchInterval: SLOW,
  });
}

export function useQuarantine() {
  const { api } = useSession();
  return useQuery({
    queryKey: ["quarantine"],
    queryFn: () => bodyOf(api.GET("/api/quarantine", { params: { query: { limit: 1 } } })),
    // Not everybody may read it: whoever may not is not asked again.
    refetchInterval: (query) => (isForbidden(query.state.error) ? false : SLOW),
  });
}

/** The demo shop, null where there is none. */
export function useDemo() {
  const { api } = useSession();
  return useQuery({
    queryKey: ["demo"],
    queryFn: async (): Promise<DemoView | null> => (await bodyOf(api.GET("/api/demo"))) ?? null,
    retry: false,
    // Requests are limited by the minute, and a day of history takes seconds.
    refetchInterval: (query) =>
      ({ starting: 3_000, filling: 10_000, live: false as const })[query.state.data?.state ?? "live"],
  });
}

/** What is wrong now: of a brand, or where nobody can be asked for it, what anybody may know. */
export function useFaults(brand: string | null) {
  const { api } = useSession();
  return useQuery({
    queryKey: ["faults", brand],
    queryFn: async (): Promise<FaultView[]> => {
      try {
        if (brand === null) return await readiness();
        const params = { path: { brand_id: brand } };
        return (await bodyOf(api.GET("/api/brands/{brand_id}/faults", { params }))).faults;
      } catch (error) {
        if (error instanceof Refused && error.status !== 503) throw error;
        return await readiness();
      }
    },
    retry: false,
    // Soon while something is wrong, so that it is said when it is over.
    refetchInterval: (query) => (query.state.data?.length ? 5_000 : 15_000),
  });
}

/** The faults that `/readyz` tells anybody. */
async function readiness(): Promise<FaultView[]> {
  const answer: { faults?: FaultView[] } = await (await fetch("/readyz")).json();
  return answer.faults ?? [];
}

export function useFact(factId: string) {
  const { api } = useSession();
  return useQuery({
    queryKey: ["fact", factId],
    queryFn: () => bodyOf(api.GET("/api/facts/{fact_id}", { params: { path: { fact_id: factId } } })),
    staleTime: 300_000,
  });
}

export function useTrace(traceId: string) {
  const { api } = useSession();
  return useQuery({
    queryKey: ["trace", traceId],
    queryFn: () => bodyOf(api.GET("/api/traces/{trace_id}", { params: { path: { trace_id: traceId } } })),
    refetchInterval: SLOW,
  });
}
