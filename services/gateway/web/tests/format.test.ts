import { afterEach, describe, expect, it } from "vitest";
import english from "../../../../shared/pulsepoint/brand/locale/en/messages.po";
import {
  age,
  change,
  duration,
  fileSize,
  longDay,
  measured,
  money,
  percent,
  tenths,
  tidy,
  times,
  whole,
} from "../src/format";
import { channelName, figureName, modelName, severityName } from "../src/names";
import type { Unit } from "../src/schema";
import { speak } from "../src/texts";

const BRITISH = { language: "en", locale: "en-GB" };
afterEach(() => speak(BRITISH, english));

describe("money", () => {
  it("shows the currency's own places and symbol", () => {
    expect(money(1234.5, "GBP")).toBe("£1,234.50");
    expect(money(1234, "JPY")).toBe("¥1,234");
    expect(money(-0.05, "EUR")).toBe("-€0.05");
  });
  it("shows what is not known as a dash and never as zero", () => {
    expect(money(null, "GBP")).toBe("–");
    expect(times(null)).toBe("–");
    expect(money(0, "GBP")).toBe("£0.00");
  });
  it("cuts ratios and days as the product's sentences do", () => {
    expect([times(6.609), times(3.31), times(-0.999), tenths(12.99)]).toEqual(["6.60×", "3.31×", "-0.99×", "12.9"]);
  });
  it("leaves pennies out where tiles would overflow", () => {
    expect(tidy(9_999.5, "GBP")).toBe("£9,999.50");
    expect(tidy(10_000.4, "GBP")).toBe("£10,000");
  });
  it("follows the metric catalog's units, each of them", () => {
    const shown: Record<Unit, string> = {
      money: measured(3.4, "money", "GBP"),
      count: measured(12, "count", null),
      micro_count: measured(1.26, "micro_count", null),
      ratio: measured(3.4, "ratio", null),
      days: measured(1.26, "days", null),
      percent: measured(35, "percent", null),
    };
    expect(shown).toEqual({
      money: "£3.40",
      count: "12",
      micro_count: "1.2",
      ratio: "3.40×",
      days: "1.2 days",
      percent: "35%",
    });
    expect(measured(null, "days", null)).toBe("–");
  });
});

describe("change", () => {
  it("is relative to the size of what was before", () => {
    expect(change(110, 100)).toEqual({ direction: "up", words: "10%" });
    expect(change(95, 100)).toEqual({ direction: "down", words: "5.0%" });
    expect(change(-50, -100)).toEqual({ direction: "up", words: "50%" });
  });
  it("is nothing where there was nothing before", () => {
    expect(change(5, 0)).toBeNull();
    expect(change(5, null)).toBeNull();
    expect(change(null, 5)).toBeNull();
  });
  it("says how many times for what grew tenfold", () => {
    expect(change(1_300, 100)).toEqual({ direction: "up", words: "13×" });
  });
});

describe("time and names", () => {
  it("keeps one unit", () => {
    const ages = [0, 12_000, 300_000, 7_200_000, 172_800_000].map(age);
    expect(ages).toEqual(["0 secs", "12 secs", "5 mins", "2 hrs", "2 days"]);
    expect([250, 4_200, 56_000, 3_400_000].map(duration)).toEqual(["250 μs", "4.2 ms", "56 ms", "3.4 secs"]);
    expect([1_400, 2_340_000].map(fileSize)).toEqual(["1 kB", "2.3 MB"]);
  });
  it("names figures, spend in another currency by it", () => {
    expect([figureName("expected_orders"), figureName("foreign_spend.SEK")]).toEqual([
      "Orders expected",
      "Spend in SEK",
    ]);
  });
  it("names members, those without a text by their name", () => {
    expect([channelName("tiktok"), channelName("in_store")]).toEqual(["TikTok", "In store"]);
    expect([modelName("last_non_direct"), modelName("last_touch")]).toEqual(["Last non-direct touch", "Last touch"]);
    expect(severityName("critical")).toBe("Critical");
  });
});

describe("another locale", () => {
  const spaces = (text: string): string => text.replace(/\s/g, " ");
  it("has its own numbers, money and days", () => {
    speak({ language: "fr", locale: "fr-FR" }, {});
    expect([whole(1_234), money(1234.5, "EUR"), percent(0.12)].map(spaces)).toEqual(["1 234", "1 234,50 €", "12 %"]);
    expect([longDay("2026-03-09"), duration(56_000), fileSize(2_340_000)].map(spaces)).toEqual([
      "9 mars 2026",
      "56 ms",
      "2,3 Mo",
    ]);
  });
  it("has the days of its region", () => {
    speak({ language: "en", locale: "en-US" }, english);
    expect(longDay("2026-03-09")).toBe("Mar 9, 2026");
  });
});
