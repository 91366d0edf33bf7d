const WIDTH = 100;
const HEIGHT = 34;
const MARGIN = 2;

interface Point {
  value: number;
  index: number;
}

/** A figure's course over the days, without axes; the chart and its table say the same in numbers. */
export function Sparkline({ values }: { values: (number | null)[] }) {
  const points = values
    .map((value, index) => ({ value, index }))
    .filter((point): point is Point => point.value !== null);
  if (points.length < 2) return <svg className="spark" aria-hidden="true" />;
  const places = placesOf(points, values.length - 1);
  const [first] = places[0]?.split(",") ?? [];
  const [last] = places.at(-1)?.split(",") ?? [];
  return (
    <svg className="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path className="area" d={`M${first},${HEIGHT}L${places.join("L")}L${last},${HEIGHT}Z`} />
      <path d={`M${places.join("L")}`} />
    </svg>
  );
}

/** `x,y` of each point; zero is always within the picture. */
function placesOf(points: Point[], lastIndex: number): string[] {
  const largest = Math.max(...points.map((point) => point.value));
  const least = Math.min(0, ...points.map((point) => point.value));
  const span = largest - least || 1;
  return points.map(({ value, index }) => {
    const x = (index / lastIndex) * WIDTH;
    const y = HEIGHT - MARGIN - ((value - least) / span) * (HEIGHT - 2 * MARGIN);
    return `${x.toFixed(2)},${y.toFixed(2)}`;
  });
}
