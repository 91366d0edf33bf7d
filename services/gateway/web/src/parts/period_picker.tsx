import { type FormEvent, useEffect, useRef, useState } from "react";
import { longDay } from "../format";
import { type Choice, type Period, PRESETS, problemWith } from "../periods";
import { t } from "../texts";

interface PickerProps {
  choice: Choice;
  onChoice: (choice: Choice) => void;
}

export function PeriodPicker({ choice, onChoice }: PickerProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const picked = "preset" in choice ? null : choice;
  useClosing(open, box, () => setOpen(false));

  const pick = (period: Period): void => {
    onChoice(period);
    setOpen(false);
  };

  return (
    <div className="picker" ref={box}>
      <fieldset className="ranges" aria-label={t("page.period.label")}>
        {PRESETS.map((preset) => (
          <button
            key={preset}
            type="button"
            aria-pressed={"preset" in choice && choice.preset === preset}
            onClick={() => onChoice({ preset })}
          >
            {t(`page.period.preset.${preset}`)}
          </button>
        ))}
        <button
          type="button"
          aria-pressed={picked !== null}
          aria-expanded={open}
          title={
            picked ? t("page.period.range", { start: longDay(picked.start), end: longDay(picked.end) }) : undefined
          }
          onClick={() => setOpen(!open)}
        >
          {t("page.period.custom")}
        </button>
      </fieldset>
      {open && <Panel picked={picked} onPick={pick} />}
    </div>
  );
}

function Panel({ picked, onPick }: { picked: Period | null; onPick: (period: Period) => void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const period = { start: String(form.get("start")), end: String(form.get("end")) };
    const wrong = problemWith(period.start, period.end);
    setProblem(wrong && t(wrong));
    if (!wrong) onPick(period);
  };
  return (
    <form className="picker-panel" onSubmit={submit} aria-label={t("page.period.panel")}>
      <label className="field">
        {t("page.period.from")}
        {/* biome-ignore lint/a11y/noAutofocus: the panel opens because a day is to be typed */}
        <input type="date" name="start" defaultValue={picked?.start} autoFocus />
      </label>
      <label className="field">
        {t("page.period.to")} <input type="date" name="end" defaultValue={picked?.end} />
      </label>
      <p className="error" role="alert">
        {problem}
      </p>
      <button type="submit" className="button primary">
        {t("page.period.show")}
      </button>
    </form>
  );
}

/** Calls `close` on Escape and on a press outside of `box`, while it is open. */
function useClosing(open: boolean, box: { current: HTMLElement | null }, close: () => void): void {
  useEffect(() => {
    if (!open) return;
    const onEvent = (event: Event): void => {
      const leaves =
        event instanceof KeyboardEvent ? event.key === "Escape" : !box.current?.contains(event.target as Node);
      if (leaves) close();
    };
    addEventListener("pointerdown", onEvent);
    addEventListener("keydown", onEvent);
    return () => {
      removeEventListener("pointerdown", onEvent);
      removeEventListener("keydown", onEvent);
    };
  }, [open, box, close]);
}
