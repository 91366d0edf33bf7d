import { describe, expect, it } from "vitest";
import type { OrderView } from "../src/schema";
import { backOff, EventReader, type StreamEvent, withList, withOrder } from "../src/stream";

const order = (id: string, at: string, more: Partial<OrderView> = {}): OrderView => ({
  order_id: id,
  name: `#${id}`,
  processed_at: at,
  cancelled_at: null,
  net_revenue: 10,
  currency: "GBP",
  country: null,
  channel: null,
  campaign: null,
  ...more,
});

describe("an event stream", () => {
  it("is read however it is cut", () => {
    const whole = 'id: 7\nevent: order.recorded\ndata: {"a":1}\n\n: nothing new\n\nid: 8\ndata: x\ndata: y\n\n';
    const expected = [
      { id: "7", kind: "order.recorded", data: '{"a":1}' },
      { id: "8", kind: "message", data: "x\ny" },
    ];
    for (let size = 1; size <= whole.length; size += 1) {
      const reader = new EventReader();
      const events: StreamEvent[] = [];
      for (let at = 0; at < whole.length; at += size) events.push(...reader.read(whole.slice(at, at + size)));
      expect(events).toEqual(expected);
    }
  });
  it("keeps what is not whole for later", () => {
    const reader = new EventReader();
    expect(reader.read("data: one")).toEqual([]);
    expect(reader.read("\n\n")).toEqual([{ id: null, kind: "message", data: "one" }]);
  });
});

describe("orders arriving", () => {
  const early = order("1", "2026-01-01T10:00:00.000Z");
  const late = order("2", "2026-01-01T11:00:00.000Z");
  it("are each there once, newest first, in whatever order they come", () => {
    const inOrder = withOrder(withOrder([], early, 10), late, 10);
    const mixed = withOrder(withOrder(withOrder([], late, 10), early, 10), late, 10);
    expect(inOrder.map((each) => each.order_id)).toEqual(["2", "1"]);
    expect(mixed).toEqual(inOrder);
  });
  it("keep the channel they had when told again without one", () => {
    const before = [{ ...late, channel: "meta" }];
    const [merged] = withOrder(before, { order_id: "2", net_revenue: 8 }, 10);
    expect(merged).toMatchObject({ channel: "meta", net_revenue: 8 });
  });
  it("are no more than asked for", () => {
    expect(withOrder([late], early, 1)).toEqual([late]);
  });
  it("outlive a list that does not know them yet", () => {
    const list = [{ ...early, channel: "google", processed_at: "2026-01-01T10:00:00Z" }];
    expect(withList([late, early], list, 10).map((each) => [each.order_id, each.channel])).toEqual([
      ["2", null],
      ["1", "google"],
    ]);
  });
  it("go with the list when it knew them and does not any more", () => {
    expect(withList([{ ...late, channel: "meta" }], [early], 10).map((each) => each.order_id)).toEqual(["1"]);
  });
  it("compare as instants, not as text", () => {
    const list = [order("3", "2026-01-01T10:30:00+00:00"), order("4", "2026-01-01T11:20:00+01:00")];
    expect(withList([], list, 10).map((each) => each.order_id)).toEqual(["3", "4"]);
  });
});

it("waits longer after each failure, half a minute at most", () => {
  expect([0, 1, 2, 9].map(backOff)).toEqual([0.5, 1, 2, 30]);
});
