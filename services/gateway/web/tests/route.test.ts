import { expect, it } from "vitest";
import { routeOf, toAlert, toBrand, toTrace } from "../src/route";

it("opens the addresses that messages and bookmarks hold", () => {
  expect(routeOf("")).toEqual({ page: "overview", brand: null });
  expect(routeOf("#/brands/b1")).toEqual({ page: "overview", brand: "b1" });
  expect(routeOf("#/brands/b1/alerts/a1")).toEqual({ page: "alert", brand: "b1", alert: "a1" });
  expect(routeOf("#/brands/b1/traces/t1")).toEqual({ page: "trace", brand: "b1", trace: "t1" });
  expect(routeOf("#/traces/t1")).toEqual({ page: "trace", brand: null, trace: "t1" });
});

it("reads its own addresses again, whatever an id holds", () => {
  expect(routeOf(toAlert("b/1", "a b"))).toEqual({ page: "alert", brand: "b/1", alert: "a b" });
  expect(routeOf(toTrace("b", "%"))).toEqual({ page: "trace", brand: "b", trace: "%" });
  expect(routeOf(toBrand("b"))).toEqual({ page: "overview", brand: "b" });
  expect(routeOf("#/brands/%E0%A4%A")).toEqual({ page: "overview", brand: "%E0%A4%A" });
});
