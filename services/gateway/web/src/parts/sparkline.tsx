const WIDTH = 100;
const HEIGHT = 34;

/** A figure's course over the days, without axes; the chart and its table say the same in numbers. */
export function Sparkline({ values }: { values: (number | null)[] }) {
  const known = values.map((value, index) => ({ value, index })).filter((each): each is { value: number; index: number } => each.value !== null);
  if (known.length < 2) return <svg className="spark" aria-hidden="true" />;
  const largest = Math.max(...known.map((each) => each.value));
  const least = Math.min(0, ...known.map((each) => each.value));
  const span = largest - least || 1;
  const points = known.map(({ value, index }) => `${((index / (values.length - 1)) * WIDTH).toFixed(2)},${(HEIGHT - 2 - ((value - least) / span) * (HEIGHT - 4)).toFixed(2)}`);
  const first = points[0]?.split(",")[0];
  const last = points.at(-1)?.split(",")[0];
  return (
    <svg className="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path className="area" d={`M${first},${HEIGHT}L${points.join("L")}L${last},${HEIGHT}Z`} />
      <path d={`M${points.join("L")}`} />
    </svg>
  );
}
