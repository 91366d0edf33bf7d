/** While the demo shop opens: nobody should make a brand or import orders then. */
export function Opening() {
  return (
    <section className="card welcome" role="status">
      <h2>The shop is opening</h2>
      <p>This is the demo shop. Its first orders arrive in a few seconds, and its history fills in behind them, newest first.</p>
    </section>
  );
}
