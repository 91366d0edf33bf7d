import { expect, it } from "vitest";
import { chainOf } from "../src/chain";
import type { SpanView } from "../src/schema";

const span = (id: string, second: number, more: Partial<SpanView> = {}): SpanView => ({
  trace_id: "t",
  span_id: id,
  parent_span_id: null,
  links: [],
  service: id,
  name: id,
  kind: "internal",
  started_at: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
  duration_us: 1_000,
  status: "ok",
  tokens_input: 0,
  tokens_output: 0,
  cost_usd: 0,
  attributes: {},
  ...more,
});
const names = (spans: SpanView[]): string[] => spans.map((each) => each.span_id);

it("goes back through parents, then through the newest link, to the first cause", () => {
  const links = [
    ["u", "early"],
    ["w", "order"],
  ];
  const spans = [
    span("early", 0, { trace_id: "u" }),
    span("webhook", 1, { trace_id: "w" }),
    span("order", 2, { trace_id: "w", parent_span_id: "webhook" }),
    span("tick", 3, { links }),
    span("beside", 4, { parent_span_id: "tick" }),
    span("alert", 5, { parent_span_id: "tick" }),
  ];
  expect(names(chainOf(spans, "t"))).toEqual(["webhook", "order", "tick", "alert"]);
});

it("ends where a cause is not recorded, and where causes go in a circle", () => {
  expect(names(chainOf([span("a", 1, { parent_span_id: "gone" })], "t"))).toEqual(["a"]);
  const circle = [span("a", 1, { links: [["t", "b"]] }), span("b", 2, { parent_span_id: "a" })];
  expect(names(chainOf(circle, "t"))).toEqual(["a", "b"]);
  expect(chainOf([], "t")).toEqual([]);
});
