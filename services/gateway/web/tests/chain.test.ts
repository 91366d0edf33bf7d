import { expect, it } from "vitest";
import type { Hop } from "../src/api";
import { chainOf } from "../src/chain";

const hop = (id: string, second: number, more: Partial<Hop> = {}): Hop => ({
  trace_id: "t", span_id: id, parent_span_id: null, links: [], service: id, name: id, kind: "internal",
  started_at: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(), duration_us: 1_000, status: "ok",
  tokens_input: 0, tokens_output: 0, cost_usd: 0, attributes: {}, ...more,
});
const names = (hops: Hop[]): string[] => hops.map((each) => each.span_id);

it("goes back through parents, then through the newest link, to the first cause", () => {
  const hops = [
    hop("early", 0, { trace_id: "u" }),
    hop("webhook", 1, { trace_id: "w" }),
    hop("order", 2, { trace_id: "w", parent_span_id: "webhook" }),
    hop("tick", 3, { links: [["u", "early"], ["w", "order"]] }),
    hop("beside", 4, { parent_span_id: "tick" }),
    hop("alert", 5, { parent_span_id: "tick" }),
  ];
  expect(names(chainOf(hops, "t"))).toEqual(["webhook", "order", "tick", "alert"]);
});

it("ends where a cause is not known, and where causes go in a circle", () => {
  expect(names(chainOf([hop("a", 1, { parent_span_id: "gone" })], "t"))).toEqual(["a"]);
  const circle = [hop("a", 1, { links: [["t", "b"]] }), hop("b", 2, { parent_span_id: "a" })];
  expect(names(chainOf(circle, "t"))).toEqual(["a", "b"]);
  expect(chainOf([], "t")).toEqual([]);
});
