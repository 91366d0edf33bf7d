// Addresses within the page live behind the hash, so that any server can serve it: #/brands/{brand}/alerts/{alert}.

import { useSyncExternalStore } from "react";

export type Route =
  | { page: "overview"; brand: string | null }
  | { page: "alert"; brand: string; alert: string }
  | { page: "trace"; brand: string | null; trace: string };

export function routeOf(hash: string): Route {
  const parts = hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decoded);
  const [first, brand, kind, id] = parts;
  if (first === "traces" && brand) return { page: "trace", brand: null, trace: brand };
  if (first !== "brands" || !brand) return { page: "overview", brand: null };
  if (kind === "alerts" && id) return { page: "alert", brand, alert: id };
  if (kind === "traces" && id) return { page: "trace", brand, trace: id };
  return { page: "overview", brand };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const toBrand = (brand: string): string => `#/brands/${encodeURIComponent(brand)}`;
export const toAlert = (brand: string, alert: string): string =>
  `${toBrand(brand)}/alerts/${encodeURIComponent(alert)}`;
export const toTrace = (brand: string, trace: string): string =>
  `${toBrand(brand)}/traces/${encodeURIComponent(trace)}`;

function subscribe(changed: () => void): () => void {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}

export function useRoute(): Route {
  return routeOf(useSyncExternalStore(subscribe, () => location.hash));
}
