// A number's formula and the rows behind it, in a drawer over the page.

import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";
import { ABSENT, longDay, measured, money, sentence, timestamp, whole } from "../format";
import { channelName, figureName, modelName } from "../names";
import { useFact } from "../queries";
import type { BehindView, FactView, FigureView, InputView } from "../schema";
import { t } from "../texts";
import { Lines } from "./skeletons";
import { Trouble } from "./trouble";

type Row = BehindView["rows"][number];

interface Facts {
  open: (factId: string) => void;
}
const Context = createContext<Facts | null>(null);

export function FactProvider({ timezone, children }: { timezone: string; children: ReactNode }) {
  const [shown, setShown] = useState<string | null>(null);
  const value = useMemo<Facts>(() => ({ open: setShown }), []);
  return (
    <Context value={value}>
      {children}
      {shown && <Drawer factId={shown} timezone={timezone} onClose={() => setShown(null)} />}
    </Context>
  );
}

export function useFacts(): Facts {
  const value = useContext(Context);
  if (!value) throw new Error("no facts above this component");
  return value;
}

interface FigureProps {
  fact: string | undefined;
  label: string;
  children: ReactNode;
}

/** A number that opens the drawer; plain text where no fact stands behind it. */
export function Figure({ fact, label, children }: FigureProps) {
  const { open } = useFacts();
  if (!fact) return children;
  return (
    <button type="button" className="figure" onClick={() => open(fact)} title={t("page.fact.how")}>
      {children}
      <span className="sr">{t("page.fact.how_of", { label })}</span>
    </button>
  );
}

/** Links to the numbers that a sentence rests on: those that have a fact behind them. */
export function FactChips({ figures }: { figures: FigureView[] }) {
  const { open } = useFacts();
  const cited = figures.filter(
    ({ fact_id }, place) => fact_id !== null && figures.findIndex((other) => other.fact_id === fact_id) === place,
  );
  if (!cited.length) return null;
  return (
    <div className="chips">
      <span className="small soft">{t("page.fact.based_on")}</span>
      {cited.map(({ name, text, fact_id }) => (
        <button key={name} type="button" className="chip" onClick={() => fact_id && open(fact_id)}>
          {t("page.fact.chip", { name: figureName(name), value: text })}
        </button>
      ))}
    </div>
  );
}

interface DrawerProps {
  factId: string;
  timezone: string;
  onClose: () => void;
}

function Drawer({ factId, timezone, onClose }: DrawerProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const fact = useFact(factId);
  useEffect(() => dialog.current?.showModal(), []);
  const closeOutside = useCallback((event: { target: EventTarget; currentTarget: EventTarget }) => {
    if (event.target === event.currentTarget) dialog.current?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the Escape key closes a modal dialog by itself
    <dialog ref={dialog} className="drawer" onClose={onClose} onClick={closeOutside} aria-labelledby="fact-title">
      <div className="dialog-body">
        <div className="dialog-head">
          <h2 id="fact-title">{fact.data?.label ?? t("page.fact.how")}</h2>
          <button type="button" className="button" onClick={() => dialog.current?.close()}>
            {t("page.close")}
          </button>
        </div>
        {fact.data ? (
          <Explained fact={fact.data} timezone={timezone} />
        ) : fact.isError ? (
          <Trouble error={fact.error} />
        ) : (
          <Lines rows={6} />
        )}
      </div>
    </dialog>
  );
}

function Explained({ fact, timezone }: { fact: FactView; timezone: string }) {
  return (
    <>
      <p className="fact-value number">{measured(fact.value, fact.unit, fact.currency)}</p>
      <Definition fact={fact} timezone={timezone} />
      {fact.notes.map((note) => (
        <p key={note} className="small">
          {note}
        </p>
      ))}
      {fact.inputs.length > 0 && <Inputs inputs={fact.inputs} />}
      {fact.behind.map((behind) => (
        <Rows key={behind.source} behind={behind} timezone={timezone} />
      ))}
    </>
  );
}

/** How it is worked out, of what, and of which days. */
function Definition({ fact, timezone }: { fact: FactView; timezone: string }) {
  const about = Object.entries(fact.at).filter(([, value]) => value !== null);
  return (
    <dl className="pairs">
      <dt>{t("page.fact.formula")}</dt>
      <dd>{fact.formula}</dd>
      {fact.calculation && (
        <>
          <dt>{t("page.fact.calculation")}</dt>
          <dd className="number">{fact.calculation}</dd>
        </>
      )}
      <dt>{t("page.fact.days")}</dt>
      <dd>
        {t("page.period.shown", {
          start: longDay(fact.start_date),
          end: longDay(fact.end_date),
          timezone: fact.timezone,
        })}
      </dd>
      {about.map(([name, value]) => (
        <div key={name} className="pair">
          <dt>{sentence(name)}</dt>
          <dd>{name === "channel" ? channelName(String(value)) : String(value)}</dd>
        </div>
      ))}
      <dt>{t("page.fact.model")}</dt>
      <dd>{modelName(fact.model)}</dd>
      <dt>{t("page.fact.as_of")}</dt>
      <dd>{fact.as_of ? timestamp(fact.as_of, timezone) : t("page.fact.nothing")}</dd>
    </dl>
  );
}

/** The numbers that another is worked out of, each to open where a fact stands behind it. */
function Inputs({ inputs }: { inputs: InputView[] }) {
  return (
    <section className="fact-rows">
      <h3>{t("page.fact.inputs")}</h3>
      <dl className="pairs">
        {inputs.map(({ label, value, unit, currency, fact_id }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: inputs have no id and never move
          <div key={index} className="pair">
            <dt>{label}</dt>
            <dd className="number">
              <Figure fact={fact_id ?? undefined} label={label}>
                {measured(value, unit, currency)}
              </Figure>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Rows({ behind, timezone }: { behind: BehindView; timezone: string }) {
  const { rows, source, total_rows: total } = behind;
  const columns = Object.keys(rows[0] ?? {}).filter((name) => rows.some((row) => row[name] !== null));
  const title = t("page.fact.rows_of", { source });
  return (
    <section className="fact-rows" aria-label={title}>
      <h3>{sentence(source)}</h3>
      <p className="small soft">
        {t("page.fact.rows", { count: total })}
        {rows.length < total && ` ${t("page.first_shown", { count: whole(rows.length) })}`}
      </p>
      {rows.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className="scroll" aria-label={t("page.fact.table", { title })} tabIndex={0}>
          <table>
            <thead>
              <tr>
                {columns.map((name) => (
                  <th key={name} scope="col">
                    {heading(name)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: rows have no id and never move
                <tr key={index}>
                  {columns.map((name) => (
                    <td key={name}>{cellOf(name, row, timezone)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}

const heading = (name: string): string => sentence(name.replace(/_micros$/, "").replace(/_at$/, ""));
const NO_MONEY = ["velocity_micros", "conversions_micros"];

function cellOf(name: string, row: Row, timezone: string): string {
  const value = row[name] ?? null;
  if (value === null) return ABSENT;
  if (name.endsWith("_micros") && typeof value === "number") {
    const currency = typeof row.currency === "string" ? row.currency : null;
    return NO_MONEY.includes(name) ? String(value / 1e6) : money(value / 1e6, currency);
  }
  if (name.endsWith("_at") && typeof value === "string") return timestamp(value, timezone);
  if (name === "channel") return channelName(String(value));
  return String(value);
}
