// ECharts, only what is drawn, on a canvas: its SVG renderer writes inline styles, which the page's policy forbids.

import { BarChart, LineChart, type BarSeriesOption, type LineSeriesOption } from "echarts/charts";
import { GridComponent, TooltipComponent, type GridComponentOption, type TooltipComponentOption } from "echarts/components";
import { init, use, type ComposeOption, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import { useTheme } from "../theme";

use([BarChart, LineChart, GridComponent, TooltipComponent, CanvasRenderer]);

export type Options = ComposeOption<BarSeriesOption | LineSeriesOption | GridComponentOption | TooltipComponentOption>;

export interface Colours { revenue: string; spend: string; claimed: string; ink: string; soft: string; line: string; card: string }
const NAMES: (keyof Colours)[] = ["revenue", "spend", "claimed", "ink", "soft", "line", "card"];

/** The design's colours as the browser resolves them now. */
function colours(probe: HTMLElement): Colours {
  const found = NAMES.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.style.color = "";
  return Object.fromEntries(found) as Record<keyof Colours, string>;
}

interface ChartProps { className: string; label: string; options: (colours: Colours) => Options }

export function Chart({ className, label, options }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType>(null);
  const [theme] = useTheme();

  useEffect(() => {
    if (!place.current) return;
    const made = init(place.current);
    chart.current = made;
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(place.current);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    if (!place.current || !chart.current) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    chart.current.setOption({ animation: !still, animationDuration: 350, ...options(colours(place.current)) }, { notMerge: true });
  }, [options, theme]);

  return <div ref={place} className={className} role="img" aria-label={label} />;
}

/** A tooltip's content as elements: text stays text whatever it holds, and no style is written into markup. */
export function tip(title: string, lines: string[]): HTMLElement {
  const box = document.createElement("div");
  box.className = "chart-tip";
  const head = document.createElement("b");
  head.textContent = title;
  box.append(head);
  for (const line of lines) {
    const row = document.createElement("span");
    row.textContent = line;
    box.append(row);
  }
  return box;
}

export const tooltip = (told: Colours): TooltipComponentOption => ({
  backgroundColor: told.card,
  borderColor: told.line,
  padding: [8, 12],
  confine: true,
  textStyle: { color: told.ink },
});
