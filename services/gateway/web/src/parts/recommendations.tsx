import { memo, useState } from "react";
import { priorityName } from "../names";
import type { Priority, RecommendationView } from "../schema";
import { t } from "../texts";
import { FactChips } from "./fact_drawer";

const FIRST = 4;
const TONES: Record<Priority, string> = { high: "bad", medium: "warn", low: "info" };

/** What to do, why, and the numbers it rests on. */
export const Recommendations = memo(function Recommendations({ all }: { all: RecommendationView[] }) {
  const [open, setOpen] = useState(false);
  const shown = open ? all : all.slice(0, FIRST);
  return (
    <section className="card advice" aria-labelledby="advice">
      <div className="card-head">
        <h2 id="advice">{t("page.advice.title")}</h2>
      </div>
      {all.length === 0 && <p className="empty">{t("page.advice.none")}</p>}
      <ul className="items pair-up">
        {shown.map((each) => (
          <li key={each.recommendation_id} className={`item ${TONES[each.priority]}`}>
            <div className="head">
              <span className={`tag ${TONES[each.priority]}`}>{priorityName(each.priority)}</span>
              <h3>{each.action}</h3>
            </div>
            <p className="soft">{each.reason}</p>
            <p>{each.expected_impact}</p>
            <FactChips figures={each.figures} />
          </li>
        ))}
      </ul>
      {all.length > FIRST && (
        <button type="button" className="button plain" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? t("page.advice.fewer") : t("page.advice.more", { count: all.length - FIRST })}
        </button>
      )}
    </section>
  );
});
