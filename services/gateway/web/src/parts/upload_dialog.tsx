import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Refused, type Brand, type Uploaded } from "../api";
import { count, fileSize, longDay, money, whole } from "../format";
import { useDemo } from "../queries";
import { toBrand } from "../route";
import { useSession } from "../session";
import { upload, type Progress } from "../upload";
import { BrandForm } from "./brand_form";

const NEW = "new";

interface UploadDialogProps { file: File; brand: Brand | undefined; brands: Brand[]; onClose: () => void }

/** Into which brand, how far it is, and what became of the rows. */
export function UploadDialog({ file, brand, brands, onClose }: UploadDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const running = useRef<() => void>(null);
  const { token } = useSession();
  const client = useQueryClient();
  // One's own orders do not belong into the demo's shop.
  const { data: demo } = useDemo();
  const [into, setInto] = useState(!brand || brand.brand_id === demo?.brand_id ? NEW : brand.brand_id);
  const [progress, setProgress] = useState<Progress | null>(null);
  const [result, setResult] = useState<Uploaded | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    dialog.current?.showModal();
    return () => running.current?.();
  }, []);

  const start = async (target: string): Promise<void> => {
    setProblem(null);
    setProgress({ step: "sending", done: 0, of: file.size });
    const sending = upload(`/api/brands/${target}/uploads`, token ?? "", file, setProgress);
    running.current = sending.abort;
    try {
      setResult(await sending.done);
      setInto(target);
    } catch (error) {
      setProblem(error instanceof Refused ? error.message : "This page could not read the answer. Send the file again: nothing is counted twice.");
    }
    running.current = null;
    setProgress(null);
  };

  const show = (): void => {
    dialog.current?.close();
    location.hash = toBrand(into);
  };

  return (
    <dialog ref={dialog} className="box" onClose={onClose} aria-labelledby="upload-title">
      <div className="dialog-body">
        <div className="dialog-head">
          <div>
            <h2 id="upload-title">Import orders</h2>
            <p className="small soft">{file.name}, {fileSize(file.size)}</p>
          </div>
          <button type="button" className="button" onClick={() => dialog.current?.close()}>{progress ? "Stop" : "Close"}</button>
        </div>
        {problem && <p className="notice bad" role="alert">{problem}</p>}
        {result ? (
          <>
            <Counts told={result} />
            <p><button type="button" className="button primary" onClick={show}>Show the shop</button></p>
          </>
        ) : progress ? (
          <Running progress={progress} />
        ) : (
          <>
            {brands.length > 0 && <label className="field">
              Into
              <select value={into} onChange={(event) => setInto(event.target.value)}>
                {brands.map((each) => (
                  <option key={each.brand_id} value={each.brand_id}>{each.name} ({each.currency}, {each.timezone})</option>
                ))}
                <option value={NEW}>A new brand…</option>
              </select>
              <span className="hint">Amounts are read in the brand’s currency, times without an offset in its timezone.</span>
            </label>}
            {into === NEW ? (
              <BrandForm
                button="Make the brand and import"
                onMade={async (made) => {
                  await client.invalidateQueries({ queryKey: ["brands"] });
                  await start(made.brand_id);
                }}
              />
            ) : (
              <p><button type="button" className="button primary" onClick={() => void start(into)}>Import</button></p>
            )}
          </>
        )}
      </div>
    </dialog>
  );
}

function Running({ progress }: { progress: Progress }) {
  const words = progress.step === "sending"
    ? progress.done < progress.of ? `Sending, ${fileSize(progress.done)} of ${fileSize(progress.of)}` : "Reading the file"
    : `Reading, about ${whole(progress.done)} of ${whole(progress.of)} orders and refunds`;
  return (
    <div className="items">
      <p role="status">{words}</p>
      <progress aria-label={words} value={progress.of ? progress.done / progress.of : 0} />
    </div>
  );
}

function Counts({ told }: { told: Uploaded }) {
  return (
    <div role="status" className="items">
      <p>
        {told.format}: {count(told.orders, "order")}, {count(told.refunds, "refund")}, {count(told.cancellations, "cancellation")}
        {told.first_day && told.last_day ? ` from ${longDay(told.first_day)} to ${longDay(told.last_day)}` : ""}. They are counted within moments.
      </p>
      <dl className="pairs">
        <dt>Net revenue</dt>
        <dd className="number">{money(told.net_revenue, told.currency)}</dd>
        <dt>Left out</dt>
        <dd className="number">
          {told.left_out_rows ? `${count(told.left_out_rows, "row")}, ${money(told.left_out_sum, told.currency)}` : "nothing"}
        </dd>
      </dl>
      {told.notes.map((note) => <p key={note} className="small soft">{note}</p>)}
      {told.left_out.length > 0 && (
        <table>
          <thead>
            <tr><th scope="col">Left out because</th><th scope="col">Rows</th><th scope="col">Sum</th></tr>
          </thead>
          <tbody>
            {told.left_out.map((each) => (
              <tr key={each.reason}><th scope="row">{each.reason}</th><td>{whole(each.rows)}</td><td>{money(each.sum, told.currency)}</td></tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
