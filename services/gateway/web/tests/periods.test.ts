import { describe, expect, it } from "vitest";
import { daysIn, periodOf, problemWith, shifted, today } from "../src/periods";
import { t } from "../src/texts";

describe("today", () => {
  const now = new Date("2026-03-31T23:30:00Z");
  it("is the day of the brand's timezone", () => {
    expect(today(now, 0, "UTC")).toBe("2026-03-31");
    expect(today(now, 0, "Europe/London")).toBe("2026-04-01");
    expect(today(now, 0, "America/New_York")).toBe("2026-03-31");
  });
  it("is moved by the brand's own clock", () => {
    expect(today(now, -86_400 * 31, "UTC")).toBe("2026-02-28");
  });
});

describe("a period", () => {
  it("counts both ends, over months and leap days", () => {
    expect(periodOf({ preset: "7" }, "2026-03-03", null)).toEqual({ start: "2026-02-25", end: "2026-03-03" });
    expect(daysIn({ start: "2024-02-01", end: "2024-03-01" })).toBe(30);
    expect(shifted("2026-12-31", 1)).toBe("2027-01-01");
  });
  it("goes back to the last day anything is known of, when that is older", () => {
    expect(periodOf({ preset: "30" }, "2026-11-22", "2011-12-09")).toEqual({ start: "2011-11-10", end: "2011-12-09" });
    expect(periodOf({ preset: "30" }, "2026-11-22", "2026-10-24").end).toBe("2026-11-22");
    expect(periodOf({ preset: "30" }, "2026-11-22", "2026-10-23").end).toBe("2026-10-23");
  });
  it("picked by hand stays as it is", () => {
    const picked = { start: "2020-01-01", end: "2020-01-31" };
    expect(periodOf(picked, "2026-11-22", "2011-12-09")).toEqual(picked);
  });
  it("picked by hand is refused in words", () => {
    const words = (start: string, end: string): string => t(problemWith(start, end) ?? "");
    expect(words("2026-02-02", "2026-02-01")).toBe("The first day must not be after the last.");
    expect(words("", "2026-02-01")).toBe("Pick both days.");
    expect(words("2000-01-01", "2026-02-01")).toBe("At most three years can be shown at once.");
    expect(problemWith("2026-02-01", "2026-02-01")).toBeNull();
  });
});
