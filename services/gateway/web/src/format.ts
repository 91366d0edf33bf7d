// How numbers, money, days and times look to people, by the reader's locale.

import type { Unit } from "./schema";
import { locale, t } from "./texts";

export const ABSENT = "–";
const WIDE = 10_000;

const formatters = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

/** Making a formatter costs more than a hundred uses of it. */
function cached<F extends Intl.NumberFormat | Intl.DateTimeFormat>(kind: string, options: object, make: () => F): F {
  const key = `${kind} ${locale()} ${JSON.stringify(options)}`;
  const kept = formatters.get(key) ?? make();
  formatters.set(key, kept);
  return kept as F;
}

function number(value: number, options: Intl.NumberFormatOptions): string {
  return cached("number", options, () => new Intl.NumberFormat(locale(), options)).format(value);
}

function date(value: Date, options: Intl.DateTimeFormatOptions): string {
  return cached("date", options, () => new Intl.DateTimeFormat(locale(), options)).format(value);
}

const places = (digits: number): Intl.NumberFormatOptions => ({
  minimumFractionDigits: digits,
  maximumFractionDigits: digits,
});
const inCurrency = (currency: string): Intl.NumberFormatOptions => ({
  style: "currency",
  currency,
  currencyDisplay: "narrowSymbol",
});

/** `stock_state` as `Stock state`. */
export function sentence(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** An amount with the currency's own places; without a currency with two. */
export function money(value: number | null | undefined, currency: string | null, digits?: number): string {
  if (value === null || value === undefined) return ABSENT;
  if (!currency) return number(value, places(2));
  return number(value, { ...inCurrency(currency), ...(digits === undefined ? {} : places(digits)) });
}

/** Whole units from 10,000 on, so that tiles keep their width. */
export const tidy = (value: number | null | undefined, currency: string | null): string =>
  money(value, currency, typeof value === "number" && Math.abs(value) >= WIDE ? 0 : undefined);

export const whole = (value: number | null): string => (value === null ? ABSENT : number(value, places(0)));
export const decimal = (value: number | null, digits = 1): string =>
  value === null ? ABSENT : number(value, places(digits));
/** Cut and not rounded, as the product's sentences say ratios and days: the page never says more than they do. */
const cut = (value: number, digits: number): string => number(value, { ...places(digits), roundingMode: "trunc" });
/** Days or units a day, with one decimal. */
export const tenths = (value: number | null): string => (value === null ? ABSENT : cut(value, 1));
/** A ratio such as a ROAS: `3.40×`. */
export const times = (value: number | null | undefined): string =>
  value === null || value === undefined ? ABSENT : `${cut(value, 2)}×`;
export const percent = (share: number, digits = 0): string => number(share, { style: "percent", ...places(digits) });
/** For axes: `£1.2K`. */
export const compact = (value: number, currency?: string | null): string =>
  number(value, {
    notation: "compact",
    maximumFractionDigits: 1,
    minimumFractionDigits: 0,
    ...(currency ? inCurrency(currency) : {}),
  });

/** A metric's value in its unit, with as many places as the product's sentences give it. */
export function measured(value: number | null, unit: Unit, currency: string | null): string {
  if (value === null) return ABSENT;
  switch (unit) {
    case "money":
      return money(value, currency);
    case "ratio":
      return times(value);
    case "days":
      return t("page.figure_of_days", { days: tenths(value) });
    case "percent":
      return percent(value / 100);
    case "count":
      return whole(value);
    case "micro_count":
      return tenths(value);
  }
}

export interface Change {
  direction: "up" | "down" | "same";
  words: string;
}

/** The change from `before` to `now`; null where there is nothing to compare with. */
export function change(now: number | null, before: number | null | undefined): Change | null {
  if (now === null || before === null || before === undefined || before === 0) return null;
  const share = (now - before) / Math.abs(before);
  const size = Math.abs(share);
  const direction = size < 0.0005 ? "same" : share > 0 ? "up" : "down";
  if (size >= 10) return { direction, words: `${decimal(size + (share > 0 ? 1 : 0), 0)}×` };
  return { direction, words: percent(size, size < 0.1 ? 1 : 0) };
}

const noon = (day: string): Date => new Date(`${day}T12:00:00Z`);
export const longDay = (day: string): string =>
  date(noon(day), { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
export const shortDay = (day: string): string => date(noon(day), { day: "numeric", month: "short", timeZone: "UTC" });

/** Day and time of an instant on the clocks of a timezone. */
export const timestamp = (instant: string, timeZone: string): string =>
  date(new Date(instant), {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZone,
  });
export const clock = (instant: string, timeZone: string): string =>
  date(new Date(instant), { hour: "2-digit", minute: "2-digit", timeZone });
export const dayAndTime = (instant: string, timeZone: string): string =>
  date(new Date(instant), { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone });

const inUnit = (value: number, unit: string, digits = 0): string =>
  number(value, { style: "unit", unit, unitDisplay: "short", ...places(digits) });

/** How long ago, in one unit: "12 sec", "4 min", "3 hr", "2 days". */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 90) return inUnit(seconds, "second");
  if (seconds < 90 * 60) return inUnit(Math.round(seconds / 60), "minute");
  if (seconds < 36 * 3600) return inUnit(Math.round(seconds / 3600), "hour");
  return inUnit(Math.round(seconds / 86_400), "day");
}

export function duration(microseconds: number): string {
  if (microseconds < 1_000) return inUnit(microseconds, "microsecond");
  if (microseconds < 1_000_000) return inUnit(microseconds / 1_000, "millisecond", microseconds < 10_000 ? 1 : 0);
  if (microseconds < 120_000_000) return inUnit(microseconds / 1_000_000, "second", 1);
  return age(microseconds / 1_000);
}

export function fileSize(bytes: number): string {
  if (bytes < 1_000_000) return inUnit(Math.max(1, Math.round(bytes / 1_000)), "kilobyte");
  return inUnit(bytes / 1_000_000, "megabyte", 1);
}
