import { t } from "../texts";

/** While the demo shop opens: nobody should make a brand or import orders then. */
export function Opening() {
  return (
    <section className="card welcome" role="status">
      <h2>{t("page.opening.title")}</h2>
      <p>{t("page.opening.what")}</p>
    </section>
  );
}
