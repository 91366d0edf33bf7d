// How numbers, days and names look to people. English, exact, the same everywhere.

const LOCALE = "en-GB";
const ABSENT = "–";

const CHANNELS: Record<string, string> = {
  meta: "Meta", tiktok: "TikTok", google: "Google", email: "E-mail", organic_search: "Organic search",
  organic_social: "Organic social", referral: "Referral", affiliate: "Affiliate", other_paid: "Other paid",
  direct: "Direct", unattributed: "Unattributed",
};
const MODELS: Record<string, string> = { last_non_direct: "Last non-direct touch" };
const STATUSES: Record<string, string> = {
  out_of_stock: "Out of stock", critical: "Critical", low: "Low", healthy: "Healthy", overstocked: "Overstocked",
  untracked: "Not tracked",
};

export const channelName = (name: string): string => CHANNELS[name] ?? sentence(name);
export const statusName = (name: string): string => STATUSES[name] ?? sentence(name);
export const modelName = (name: string): string => MODELS[name] ?? sentence(name);

export function sentence(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function money(value: number | null, currency: string | null, digits?: number): string {
  if (value === null) return ABSENT;
  const places = digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  if (!currency) return new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);
  return new Intl.NumberFormat(LOCALE, { style: "currency", currency, currencyDisplay: "narrowSymbol", ...places }).format(value);
}

/** Whole units from 10,000 on, so that tiles keep their width. */
export const tidy = (value: number | null, currency: string | null): string =>
  money(value, currency, value !== null && Math.abs(value) >= 10_000 ? 0 : undefined);

export const whole = (value: number | null): string =>
  value === null ? ABSENT : new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 }).format(value);
export const decimal = (value: number | null, places = 1): string =>
  value === null
    ? ABSENT
    : new Intl.NumberFormat(LOCALE, { minimumFractionDigits: places, maximumFractionDigits: places }).format(value);
export const times = (value: number | null): string => (value === null ? ABSENT : `${decimal(value, 2)}×`);
export const compact = (value: number, currency?: string | null): string =>
  new Intl.NumberFormat(LOCALE, {
    notation: "compact", maximumFractionDigits: 1, minimumFractionDigits: 0,
    ...(currency ? { style: "currency", currency, currencyDisplay: "narrowSymbol" } : {}),
  }).format(value);
export const count = (number: number, one: string, many = `${one}s`): string => `${whole(number)} ${number === 1 ? one : many}`;

/** A metric's value in its unit, as the catalogue names units. */
export function measured(value: number | null, unit: string, currency: string | null): string {
  if (unit === "money") return money(value, currency);
  if (unit === "ratio") return times(value);
  if (unit === "days") return value === null ? ABSENT : `${decimal(value)} days`;
  return unit === "count" ? whole(value) : decimal(value);
}

export interface Change { direction: "up" | "down" | "same"; words: string }

/** The change from `before` to `now`; null where there is nothing to compare with. */
export function change(now: number | null, before: number | null | undefined): Change | null {
  if (now === null || before === null || before === undefined || before === 0) return null;
  const share = (now - before) / Math.abs(before);
  const direction = Math.abs(share) < 0.0005 ? "same" : share > 0 ? "up" : "down";
  if (Math.abs(share) >= 10) return { direction, words: `${decimal(Math.abs(share) + (share > 0 ? 1 : 0), 0)}×` };
  const places = Math.abs(share) < 0.1 ? 1 : 0;
  return { direction, words: `${decimal(Math.abs(share) * 100, places)}%` };
}

const noon = (day: string): Date => new Date(`${day}T12:00:00Z`);
export const longDay = (day: string): string =>
  noon(day).toLocaleDateString(LOCALE, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
export const shortDay = (day: string): string =>
  noon(day).toLocaleDateString(LOCALE, { day: "numeric", month: "short", timeZone: "UTC" });

export function moment(instant: string, timezone: string): string {
  return new Date(instant).toLocaleString(LOCALE, {
    day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: timezone,
  });
}

export const clock = (instant: string, timezone: string): string =>
  new Date(instant).toLocaleTimeString(LOCALE, { hour: "2-digit", minute: "2-digit", timeZone: timezone });

export const dayAndTime = (instant: string, timezone: string): string =>
  new Date(instant).toLocaleString(LOCALE, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: timezone });

/** How long ago, in one unit: "12 s", "4 min", "3 h", "2 days". */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return count(Math.round(seconds / 86_400), "day");
}

export function duration(microseconds: number): string {
  if (microseconds < 1_000) return `${microseconds} µs`;
  if (microseconds < 1_000_000) return `${decimal(microseconds / 1_000, microseconds < 10_000 ? 1 : 0)} ms`;
  if (microseconds < 120_000_000) return `${decimal(microseconds / 1_000_000)} s`;
  return age(microseconds / 1_000);
}

export function fileSize(bytes: number): string {
  if (bytes < 1_000_000) return `${whole(Math.max(1, Math.round(bytes / 1_000)))} kB`;
  return `${decimal(bytes / 1_000_000)} MB`;
}
