// A number's formula and the rows behind it, in a drawer over the page.

import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import type { Cell, Fact } from "../api";
import { channelName, count, longDay, measured, modelName, moment, money, sentence, whole } from "../format";
import { useFact, useMetrics } from "../queries";
import { Lines } from "./skeletons";
import { Trouble } from "./trouble";

interface Facts { open: (factId: string) => void }
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

/** A number that opens the drawer; plain text where no fact stands behind it. */
export function Figure({ fact, label, children }: { fact: string | undefined; label: string; children: ReactNode }) {
  const { open } = useFacts();
  if (!fact) return <>{children}</>;
  return (
    <button type="button" className="figure" onClick={() => open(fact)} title="How this is computed">
      {children}
      <span className="sr">, {label}: how this is computed</span>
    </button>
  );
}

/** Links to the numbers that advice rests on. */
export function FactChips({ facts }: { facts: string[] }) {
  const { open } = useFacts();
  const metrics = useMetrics();
  if (!facts.length) return null;
  return (
    <div className="chips">
      <span className="small soft">Based on</span>
      {facts.map((fact) => (
        <button key={fact} type="button" className="chip" onClick={() => open(fact)}>
          {labelOf(fact, (name) => metrics.data?.get(name)?.label)}
        </button>
      ))}
    </div>
  );
}

/** A fact id is base64url of JSON that names its metric and what it is about. */
function labelOf(fact: string, label: (metric: string) => string | undefined): string {
  try {
    const told = JSON.parse(atob(fact.replaceAll("-", "+").replaceAll("_", "/"))) as { m: string; a: Record<string, unknown> };
    const name = label(told.m) ?? sentence(told.m);
    return typeof told.a.channel === "string" ? `${name}, ${channelName(told.a.channel)}` : name;
  } catch {
    return "A number";
  }
}

function Drawer({ factId, timezone, onClose }: { factId: string; timezone: string; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const fact = useFact(factId);
  useEffect(() => dialog.current?.showModal(), []);
  const closeOutside = useCallback((event: { target: EventTarget; currentTarget: EventTarget }) => {
    if (event.target === event.currentTarget) dialog.current?.close();
  }, []);
  return (
    <dialog ref={dialog} className="drawer" onClose={onClose} onClick={closeOutside} aria-labelledby="fact-title">
      <div className="dialog-body">
        <div className="dialog-head">
          <h2 id="fact-title">{fact.data?.label ?? "How this is computed"}</h2>
          <button type="button" className="button" onClick={() => dialog.current?.close()}>Close</button>
        </div>
        {fact.data ? <Told fact={fact.data} timezone={timezone} /> : fact.isError ? <Trouble error={fact.error} /> : <Lines rows={6} />}
      </div>
    </dialog>
  );
}

function Told({ fact, timezone }: { fact: Fact; timezone: string }) {
  const about = Object.entries(fact.at).filter(([, value]) => value !== null);
  return (
    <>
      <p className="fact-value number">{measured(fact.value, fact.unit, fact.currency)}</p>
      <dl className="pairs">
        <dt>Formula</dt>
        <dd>{fact.formula}</dd>
        <dt>Days</dt>
        <dd>{longDay(fact.start_date)} to {longDay(fact.end_date)}, {fact.timezone}</dd>
        {about.map(([name, value]) => (
          <div key={name} className="pair">
            <dt>{sentence(name)}</dt>
            <dd>{name === "channel" ? channelName(String(value)) : String(value)}</dd>
          </div>
        ))}
        <dt>Model</dt>
        <dd>{modelName(fact.model)}</dd>
        <dt>As known at</dt>
        <dd>{fact.as_of ? moment(fact.as_of, timezone) : "nothing is known yet"}</dd>
      </dl>
      {fact.behind.map((behind) => (
        <Rows key={behind.source} behind={behind} timezone={timezone} />
      ))}
    </>
  );
}

function Rows({ behind, timezone }: { behind: Fact["behind"][number]; timezone: string }) {
  const first = behind.rows[0];
  const columns = first ? Object.keys(first).filter((name) => behind.rows.some((row) => row[name] !== null)) : [];
  const shown = behind.rows.length < behind.total_rows ? ` The first ${whole(behind.rows.length)} are shown.` : "";
  const title = `Rows of ${behind.source}`;
  return (
    <section className="fact-rows" aria-label={title}>
      <h3>{sentence(behind.source)}</h3>
      <p className="small soft">{count(behind.total_rows, "row")}.{shown}</p>
      {first && (
        <div className="scroll" role="region" aria-label={`Table: ${title}`} tabIndex={0}>
          <table>
            <thead>
              <tr>{columns.map((name) => <th key={name} scope="col">{heading(name)}</th>)}</tr>
            </thead>
            <tbody>
              {behind.rows.map((row, index) => (
                <tr key={index}>{columns.map((name) => <td key={name}>{shownCell(name, row[name] ?? null, row, timezone)}</td>)}</tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const heading = (name: string): string => sentence(name.replace(/_micros$/, "").replace(/_at$/, ""));

function shownCell(name: string, value: Cell, row: Record<string, Cell>, timezone: string): string {
  if (value === null) return "–";
  if (name.endsWith("_micros") && typeof value === "number") {
    const currency = typeof row.currency === "string" ? row.currency : null;
    return name === "velocity_micros" || name === "conversions_micros" ? String(value / 1e6) : money(value / 1e6, currency);
  }
  if (name.endsWith("_at") && typeof value === "string") return moment(value, timezone);
  if (name === "channel") return channelName(String(value));
  return String(value);
}
