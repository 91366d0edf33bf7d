import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Refused } from "../api";
import { fileSize, longDay, money, whole } from "../format";
import { useDemo } from "../queries";
import { toBrand } from "../route";
import type { BrandView, UploadView } from "../schema";
import { useSession } from "../session";
import { t } from "../texts";
import { type Progress, upload } from "../upload";
import { BrandForm } from "./brand_form";

const NEW = "new";

interface UploadDialogProps {
  file: File;
  brand: BrandView | undefined;
  brands: BrandView[];
  onClose: () => void;
}

/** Into which brand, how far it is, and what became of the rows. */
export function UploadDialog({ file, brand, brands, onClose }: UploadDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { data: demo } = useDemo();
  // One's own orders do not belong into the demo's shop.
  const [into, setInto] = useState(!brand || brand.brand_id === demo?.brand_id ? NEW : brand.brand_id);
  const { progress, result, problem, start } = useUpload(file);

  useEffect(() => dialog.current?.showModal(), []);

  const send = async (target: string): Promise<void> => {
    if (await start(target)) setInto(target);
  };
  const show = (): void => {
    dialog.current?.close();
    location.hash = toBrand(into);
  };

  return (
    <dialog ref={dialog} className="box" onClose={onClose} aria-labelledby="upload-title">
      <div className="dialog-body">
        <Head file={file} running={progress !== null} onClose={() => dialog.current?.close()} />
        {problem && (
          <p className="notice bad" role="alert">
            {problem}
          </p>
        )}
        {result ? (
          <Done result={result} onShow={show} />
        ) : progress ? (
          <Running progress={progress} />
        ) : (
          <Target into={into} brands={brands} onInto={setInto} onSend={send} />
        )}
      </div>
    </dialog>
  );
}

function Head({ file, running, onClose }: { file: File; running: boolean; onClose: () => void }) {
  return (
    <div className="dialog-head">
      <div>
        <h2 id="upload-title">{t("page.import")}</h2>
        <p className="small soft">{t("page.upload.file", { name: file.name, size: fileSize(file.size) })}</p>
      </div>
      <button type="button" className="button" onClick={onClose}>
        {running ? t("page.upload.stop") : t("page.close")}
      </button>
    </div>
  );
}

/** Sends the file into a brand; `start` resolves to true where it was read. Leaving the dialog stops it. */
function useUpload(file: File) {
  const { token } = useSession();
  const running = useRef<() => void>(null);
  const [progress, setProgress] = useState<Progress | null>(null);
  const [result, setResult] = useState<UploadView | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => () => running.current?.(), []);

  const start = async (target: string): Promise<boolean> => {
    setProblem(null);
    setProgress({ step: "sending", done: 0, of: file.size });
    const sending = upload(`/api/brands/${target}/uploads`, token ?? "", file, setProgress);
    running.current = sending.abort;
    try {
      setResult(await sending.done);
      return true;
    } catch (error) {
      setProblem(error instanceof Refused ? error.message : t("page.upload.unreadable"));
      return false;
    } finally {
      running.current = null;
      setProgress(null);
    }
  };
  return { progress, result, problem, start };
}

interface TargetProps {
  into: string;
  brands: BrandView[];
  onInto: (brand: string) => void;
  onSend: (brand: string) => Promise<void>;
}

function Target({ into, brands, onInto, onSend }: TargetProps) {
  const client = useQueryClient();
  return (
    <>
      {brands.length > 0 && (
        <label className="field">
          {t("page.upload.into")}
          <select value={into} onChange={(event) => onInto(event.target.value)}>
            {brands.map((each) => (
              <option key={each.brand_id} value={each.brand_id}>
                {t("page.upload.brand", { name: each.name, currency: each.currency, timezone: each.timezone })}
              </option>
            ))}
            <option value={NEW}>{t("page.upload.new_brand")}</option>
          </select>
          <span className="hint">{t("page.upload.hint")}</span>
        </label>
      )}
      {into === NEW ? (
        <BrandForm
          button={t("page.upload.make_and_import")}
          onMade={async (made) => {
            await client.invalidateQueries({ queryKey: ["brands"] });
            await onSend(made.brand_id);
          }}
        />
      ) : (
        <p>
          <button type="button" className="button primary" onClick={() => void onSend(into)}>
            {t("page.upload.import")}
          </button>
        </p>
      )}
    </>
  );
}

function Running({ progress }: { progress: Progress }) {
  const words = wordsOf(progress);
  return (
    <div className="items">
      <p role="status">{words}</p>
      <progress aria-label={words} value={progress.of ? progress.done / progress.of : 0} />
    </div>
  );
}

function wordsOf({ step, done, of }: Progress): string {
  if (step === "reading") return t("page.upload.reading", { done: whole(done), of: whole(of) });
  if (done >= of) return t("page.upload.reading_file");
  return t("page.upload.sending", { done: fileSize(done), of: fileSize(of) });
}

function Done({ result, onShow }: { result: UploadView; onShow: () => void }) {
  return (
    <>
      <div role="status" className="items">
        <p>{summaryOf(result)}</p>
        <dl className="pairs">
          <Pair name={t("page.upload.net_revenue")}>{money(result.net_revenue, result.currency)}</Pair>
          <Pair name={t("page.upload.left_out")}>
            {result.left_out_rows
              ? t("page.upload.left_out.some", {
                  count: result.left_out_rows,
                  sum: money(result.left_out_sum, result.currency),
                })
              : t("page.upload.left_out.nothing")}
          </Pair>
        </dl>
        {result.notes.map((note) => (
          <p key={note} className="small soft">
            {note}
          </p>
        ))}
        {result.left_out.length > 0 && <LeftOut result={result} />}
      </div>
      <p>
        <button type="button" className="button primary" onClick={onShow}>
          {t("page.upload.show")}
        </button>
      </p>
    </>
  );
}

function summaryOf(result: UploadView): string {
  const counts = {
    format: result.format,
    orders: t("page.count.orders", { count: result.orders }),
    refunds: t("page.count.refunds", { count: result.refunds }),
    cancellations: t("page.count.cancellations", { count: result.cancellations }),
  };
  const { first_day: first, last_day: last } = result;
  if (!first || !last) return t("page.upload.done", counts);
  return t("page.upload.done.between", { ...counts, start: longDay(first), end: longDay(last) });
}

function Pair({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="pair">
      <dt>{name}</dt>
      <dd className="number">{children}</dd>
    </div>
  );
}

function LeftOut({ result }: { result: UploadView }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{t("page.upload.reason")}</th>
          <th scope="col">{t("page.upload.rows")}</th>
          <th scope="col">{t("page.upload.sum")}</th>
        </tr>
      </thead>
      <tbody>
        {result.left_out.map((each) => (
          <tr key={each.reason}>
            <th scope="row">{each.reason}</th>
            <td>{whole(each.rows)}</td>
            <td>{money(each.sum, result.currency)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
