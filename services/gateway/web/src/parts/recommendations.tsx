import { memo, useState } from "react";
import type { Recommendation } from "../api";
import { count, sentence } from "../format";
import { FactChips } from "./fact_drawer";

const FIRST = 4;
const tone = (priority: string): string => ({ high: "bad", medium: "warn" })[priority] ?? "info";

/** What to do, why, and the numbers it rests on. */
export const Recommendations = memo(function Recommendations({ all }: { all: Recommendation[] }) {
  const [open, setOpen] = useState(false);
  const shown = open ? all : all.slice(0, FIRST);
  return (
    <section className="card advice" aria-labelledby="advice">
      <div className="card-head"><h2 id="advice">Recommendations</h2></div>
      {all.length === 0 && <p className="empty">No advice yet. It is computed a little after orders, stock or ads change.</p>}
      <ul className="items pair-up">
        {shown.map((each) => (
          <li key={each.recommendation_id} className={`item ${tone(each.priority)}`}>
            <div className="head">
              <span className={`tag ${tone(each.priority)}`}>{sentence(each.priority)}</span>
              <h3>{each.action}</h3>
            </div>
            <p className="soft">{each.reason}</p>
            <p>{each.expected_impact}</p>
            <FactChips facts={each.facts} />
          </li>
        ))}
      </ul>
      {all.length > FIRST && (
        <button type="button" className="button plain" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Show fewer" : `Show ${count(all.length - FIRST, "more", "more")}`}
        </button>
      )}
    </section>
  );
});
