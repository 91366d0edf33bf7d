// ECharts, only what is drawn, on a canvas: its SVG renderer writes inline styles, which the page's policy forbids.

import { BarChart, type BarSeriesOption, LineChart, type LineSeriesOption } from "echarts/charts";
import {
  GridComponent,
  type GridComponentOption,
  TooltipComponent,
  type TooltipComponentOption,
} from "echarts/components";
import { type ComposeOption, type EChartsType, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import { useTheme } from "../theme";

use([BarChart, LineChart, GridComponent, TooltipComponent, CanvasRenderer]);

export type Options = ComposeOption<BarSeriesOption | LineSeriesOption | GridComponentOption | TooltipComponentOption>;

const NAMES = ["revenue", "spend", "claimed", "ink", "soft", "line", "card"] as const;
export type Colours = Record<(typeof NAMES)[number], string>;

/** The design's colours as the browser resolves them now. */
function colours(probe: HTMLElement): Colours {
  const resolved = NAMES.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.style.color = "";
  return Object.fromEntries(resolved) as Colours;
}

interface ChartProps {
  className: string;
  label: string;
  options: (colours: Colours) => Options;
}

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

  // biome-ignore lint/correctness/useExhaustiveDependencies: colours are read from the page, which follows the theme
  useEffect(() => {
    if (!place.current || !chart.current) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const drawn = { animation: !still, animationDuration: 350, ...options(colours(place.current)) };
    chart.current.setOption(drawn, { notMerge: true });
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

export const tooltip = (colour: Colours): TooltipComponentOption => ({
  backgroundColor: colour.card,
  borderColor: colour.line,
  padding: [8, 12],
  confine: true,
  textStyle: { color: colour.ink },
});
