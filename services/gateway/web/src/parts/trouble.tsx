import { Refused, UNREACHABLE } from "../api";

/** An error in words, with a way on. */
export function Trouble({ error, again }: { error: Error | null; again?: () => void }) {
  const words = error instanceof Refused ? error.message : error ? "This page could not read the answer. Reload it." : UNREACHABLE;
  return (
    <div className="notice bad" role="alert">
      <p>{words}</p>
      {again && <button type="button" className="button plain" onClick={again}>Try again</button>}
    </div>
  );
}
