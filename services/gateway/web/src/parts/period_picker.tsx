import { useEffect, useRef, useState, type FormEvent } from "react";
import { longDay } from "../format";
import { PRESETS, wrongWith, type Choice } from "../periods";

export function PeriodPicker({ choice, onChoice }: { choice: Choice; onChoice: (choice: Choice) => void }) {
  const [open, setOpen] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const picked = "preset" in choice ? null : choice;

  useEffect(() => {
    if (!open) return;
    const close = (event: Event): void => {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !box.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", close);
    addEventListener("keydown", close);
    return () => {
      removeEventListener("pointerdown", close);
      removeEventListener("keydown", close);
    };
  }, [open]);

  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const start = String(form.get("start"));
    const end = String(form.get("end"));
    const wrong = wrongWith(start, end);
    setProblem(wrong);
    if (wrong) return;
    onChoice({ start, end });
    setOpen(false);
  };

  return (
    <div className="picker" ref={box}>
      <div className="ranges" role="group" aria-label="Period">
        {PRESETS.map(({ preset, label }) => (
          <button
            key={preset}
            type="button"
            aria-pressed={"preset" in choice && choice.preset === preset}
            onClick={() => onChoice({ preset })}
          >
            {label}
          </button>
        ))}
        <button
          type="button"
          aria-pressed={picked !== null}
          aria-expanded={open}
          title={picked ? `${longDay(picked.start)} to ${longDay(picked.end)}` : undefined}
          onClick={() => setOpen(!open)}
        >
          Custom
        </button>
      </div>
      {open && (
        <form className="picker-panel" onSubmit={submit} aria-label="Days to show">
          <label className="field">From <input type="date" name="start" defaultValue={picked?.start} autoFocus /></label>
          <label className="field">To <input type="date" name="end" defaultValue={picked?.end} /></label>
          <p className="error" role="alert">{problem}</p>
          <button type="submit" className="button primary">Show these days</button>
        </form>
      )}
    </div>
  );
}
