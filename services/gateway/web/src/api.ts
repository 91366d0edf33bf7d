// What the gateway answers (see /docs), and asking it. Every failure becomes words a person can act on.

export interface Brand { brand_id: string; name: string; shopify_store: string; currency: string; timezone: string; created_at: string }
export interface Settings extends Brand { clock_offset_seconds: number; default_model: string }
export interface Totals {
  total_spend: number | null; total_revenue: number | null; blended_roas: number | null; orders: number | null;
  average_order_value: number | null; facts: Record<string, string>;
}
export interface ChannelNumbers {
  spend: number | null; revenue: number | null; attributed_roas: number | null; orders: number | null;
  clicks: number | null; platform_value: number | null; claimed_roas: number | null; currency: string;
  facts: Record<string, string>;
}
export interface Channel extends ChannelNumbers { channel: string }
export interface Day {
  day: string; revenue: number | null; spend: number | null; orders: number | null; blended_roas: number | null;
  average_order_value: number | null; facts: Record<string, string>;
}
export interface Snapshot extends Totals {
  currency: string; by_channel: Record<string, ChannelNumbers>; by_day: Day[]; previous: Totals | null;
  excluded: { metric: string; currency: string | null; amount: number | null }[]; notes: string[];
}
export interface RunningOut {
  variant_id: string; sku: string | null; title: string | null; status: string; available: number | null;
  units_per_day: number | null; days_of_cover: number | null; spend_at_risk_per_day: number | null;
}
export interface Stock { counts: Record<string, number>; spend_at_risk_per_day: number | null; currency: string; running_out: RunningOut[] }
export interface Recommendation {
  recommendation_id: string; type: string; priority: string; subject: string; action: string;
  current_spend: number | null; recommended_change: number | null; currency: string; reason: string;
  expected_impact: string; facts: string[];
}
export interface Asked { start_date: string; end_date: string; timezone: string; model: string; first_day: string | null; last_day: string | null }
export interface Dashboard {
  brand_id: string; period: Asked;
  summary: { summary: string; channel_performance: Record<string, string>; inventory_insights: string };
  recommendations: Recommendation[]; inventory: Stock; performance_snapshot: Snapshot;
}
export interface Alert {
  alert_id: string; type: string; severity: string; channel: string | null; product: string | null; title: string;
  explanation: string; recommended_action: string; opened_at: string; resolved_at: string | null; facts: string[];
  trace_id: string | null;
}
export interface Book {
  model: string | null; currency: string | null; sales: number | null; credited: number | null;
  difference: number | null; orders: number; orders_credited: number;
}
export interface Books { balanced: boolean; newest_at: string | null; books: Book[] }
export interface Held { total: number; messages: { id: string; explanation: string; reason: string; held_at: string }[] }
export interface Order {
  order_id: string; name: string | null; processed_at: string; cancelled_at: string | null; net_revenue: number;
  currency: string; country: string | null; channel: string | null; campaign: string | null;
}
export interface Metric { name: string; label: string; formula: string; unit: string }
export type Cell = string | number | boolean | null;
export interface Fact {
  fact_id: string; metric: string; label: string; formula: string; unit: string; value: number | null;
  start_date: string; end_date: string; timezone: string; currency: string | null; model: string;
  cancelled_orders: string; date_basis: string; as_of: string | null; at: Record<string, string | null>;
  behind: { source: string; total_rows: number; rows: Record<string, Cell>[] }[];
}
export interface Hop {
  trace_id: string; span_id: string; parent_span_id: string | null; links: [string, string][]; service: string;
  name: string; kind: string; started_at: string; duration_us: number; status: string; tokens_input: number;
  tokens_output: number; cost_usd: number; attributes: Record<string, string>;
}
export interface Trace {
  trace_id: string; trace_ids: string[]; hops: Hop[];
  summary: { services: string[]; hops: number; duration_us: number; tokens: number; cost_nano_usd: number };
}
export interface Demo { state: "starting" | "filling" | "live"; brand_id: string | null; days_told: number; days: number; oldest_day: string | null }
export interface Uploaded {
  format: string; deliveries: number; orders: number; refunds: number; cancellations: number; net_revenue: number;
  currency: string; first_day: string | null; last_day: string | null;
  left_out: { reason: string; rows: number; sum: number }[]; left_out_rows: number; left_out_sum: number;
  notes: string[];
}

export class Refused extends Error {
  constructor(readonly status: number, detail: string, readonly retryAfter = 0) {
    super(detail);
  }
}

export const UNREACHABLE = "Pulsepoint does not answer. Is it running? This page keeps trying.";

export async function refusal(answer: Response): Promise<Refused> {
  const body: unknown = await answer.json().catch(() => null);
  const told = body && typeof body === "object" && "detail" in body ? String(body.detail) : "The server did not say why.";
  return new Refused(answer.status, told, Number(answer.headers.get("retry-after")) || 0);
}

export async function ask<T>(token: string | null, path: string, options: RequestInit = {}): Promise<T> {
  const headers = new Headers(options.headers);
  if (token) headers.set("authorization", `Bearer ${token}`);
  if (typeof options.body === "string") headers.set("content-type", "application/json");
  let answer: Response;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused(0, UNREACHABLE);
  }
  if (!answer.ok) throw await refusal(answer);
  return (answer.status === 204 ? null : await answer.json()) as T;
}
