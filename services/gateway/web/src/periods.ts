// The days that a picker means: ISO dates of the brand's own clock and timezone, both ends included.

export type Preset = "7" | "30" | "90" | "365";
export interface Period {
  start: string;
  end: string;
}
export type Choice = { preset: Preset } | Period;

const MOST_DAYS = 3 * 366;

export const PRESETS: Preset[] = ["7", "30", "90", "365"];

export function shifted(day: string, by: number): string {
  const moved = new Date(`${day}T12:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + by);
  return moved.toISOString().slice(0, 10);
}

/** The brand's today: wall time moved by its clock's offset, in its timezone. */
export function today(now: Date, offsetSeconds: number, timezone: string): string {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  }).formatToParts(new Date(now.getTime() + offsetSeconds * 1000));
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/**
 * The days of a choice that ends today; where nothing is known since `lastDay` before them, those up to `lastDay`:
 * a shop whose newest order is old shows its last days and not an empty month.
 */
export function periodOf(choice: Choice, todayIs: string, lastDay: string | null): Period {
  if (!("preset" in choice)) return choice;
  const days = Number(choice.preset);
  const start = shifted(todayIs, 1 - days);
  if (lastDay === null || lastDay >= start) return { start, end: todayIs };
  return { start: shifted(lastDay, 1 - days), end: lastDay };
}

export const daysIn = (period: Period): number =>
  Math.round((Date.parse(period.end) - Date.parse(period.start)) / 86_400_000) + 1;

/** The id of the text that says what is wrong with two days picked by hand; null where nothing is. */
export function problemWith(start: string, end: string): string | null {
  if (!start || !end) return "page.period.both_days";
  if (start > end) return "page.period.wrong_order";
  if (daysIn({ start, end }) > MOST_DAYS) return "page.period.too_long";
  return null;
}
