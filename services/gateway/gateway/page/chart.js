// Daily revenue as bars and ad spend as a line, in one SVG made of elements (no markup strings: nothing to escape).

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 240;
const EDGE = { top: 12, right: 8, bottom: 24, left: 52 };

function make(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

// A round number at or above the largest value, and the steps below it.
export function scaleFor(largest) {
  if (!(largest > 0)) return { top: 1, ticks: [0] };
  const rough = largest / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough);
  const steps = Math.ceil(largest / step);
  return { top: steps * step, ticks: Array.from({ length: steps + 1 }, (_, index) => index * step) };
}

export function drawChart(place, days, words) {
  const width = Math.max(280, place.clientWidth);
  const inner = { width: width - EDGE.left - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom };
  const largest = Math.max(0, ...days.map((day) => Math.max(day.revenue, day.spend)));
  const lowest = Math.min(0, ...days.map((day) => day.revenue));
  const { top, ticks } = scaleFor(largest);
  const bottom = lowest < 0 ? -scaleFor(-lowest).top : 0;
  const y = (value) => EDGE.top + (inner.height * (top - value)) / (top - bottom);
  const step = inner.width / days.length;
  const svg = make("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": words.label });

  for (const tick of bottom < 0 ? [bottom, ...ticks] : ticks) {
    svg.append(make("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: y(tick), y2: y(tick) }));
    svg.append(make("text", { x: EDGE.left - 8, y: y(tick) + 4, "text-anchor": "end" }, words.short(tick)));
  }
  const bar = Math.max(1, step * 0.68);
  days.forEach((day, index) => {
    const x = EDGE.left + index * step + (step - bar) / 2;
    const high = Math.max(day.revenue, 0);
    const height = Math.abs(y(0) - y(day.revenue));
    const rectangle = make("rect", { class: "bar", x, y: y(high), width: bar, height, rx: Math.min(3, bar / 3) });
    rectangle.append(make("title", {}, words.day(day)));
    svg.append(rectangle);
  });
  // Platforms tell a day late: the line ends where spend was last known instead of falling to nothing.
  const told = days.findLastIndex((day) => day.spend > 0);
  if (told >= 0) {
    const points = days.slice(0, told + 1).map((day, index) => `${EDGE.left + (index + 0.5) * step},${y(day.spend)}`);
    svg.append(make("polyline", { class: "line", points: points.join(" ") }));
  }
  const every = Math.ceil(days.length / Math.max(2, Math.floor(inner.width / 72)));
  days.forEach((day, index) => {
    if (index % every) return;
    const x = EDGE.left + (index + 0.5) * step;
    svg.append(make("text", { x, y: HEIGHT - 6, "text-anchor": "middle" }, words.date(day.day)));
  });
  place.replaceChildren(svg);
}
