import { describe, expect, it } from "vitest";
import { age, change, channelName, count, duration, measured, modelName, money, tidy, times } from "../src/format";

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
  it("leaves pennies out where tiles would overflow", () => {
    expect(tidy(9_999.5, "GBP")).toBe("£9,999.50");
    expect(tidy(10_000.4, "GBP")).toBe("£10,000");
  });
  it("follows the catalogue's units", () => {
    expect(measured(3.4, "ratio", null)).toBe("3.40×");
    expect(measured(12, "count", null)).toBe("12");
    expect(measured(1.26, "days", null)).toBe("1.3 days");
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
    expect([0, 12_000, 300_000, 7_200_000, 172_800_000].map(age)).toEqual(["0 s", "12 s", "5 min", "2 h", "2 days"]);
    expect([250, 4_200, 56_000, 3_400_000].map(duration)).toEqual(["250 µs", "4.2 ms", "56 ms", "3.4 s"]);
  });
  it("names channels, known or not", () => {
    expect([channelName("tiktok"), channelName("in_store")]).toEqual(["TikTok", "In store"]);
    expect([modelName("last_non_direct"), modelName("last_touch")]).toEqual(["Last non-direct touch", "Last touch"]);
    expect([count(1, "order"), count(2, "order")]).toEqual(["1 order", "2 orders"]);
  });
});
