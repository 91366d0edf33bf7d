// A file of past orders, dropped anywhere on the page or picked, into a brand.

import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from "react";
import type { BrandView } from "../schema";
import { t } from "../texts";
import { UploadDialog } from "./upload_dialog";

interface UploadsValue {
  pick: () => void;
}
const Context = createContext<UploadsValue | null>(null);

export function useUploads(): UploadsValue {
  const value = useContext(Context);
  if (!value) throw new Error("no uploads above this component");
  return value;
}

interface UploadsProps {
  brand: BrandView | undefined;
  brands: BrandView[];
  children: ReactNode;
}

/** `brand` is the one that is shown, if any. */
export function Uploads({ brand, brands, children }: UploadsProps) {
  const input = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const client = useQueryClient();
  const over = useDrop(file ? ignored : setFile);
  const value = useMemo<UploadsValue>(() => ({ pick: () => input.current?.click() }), []);
  return (
    <Context value={value}>
      {children}
      <input
        ref={input}
        type="file"
        accept=".csv,text/csv"
        hidden
        aria-label={t("page.upload.picker")}
        onChange={(event) => {
          setFile(event.target.files?.[0] ?? null);
          event.target.value = "";
        }}
      />
      {over && !file && <DropHint />}
      {file && (
        <UploadDialog
          file={file}
          brand={brand}
          brands={brands}
          onClose={() => {
            setFile(null);
            void client.invalidateQueries();
          }}
        />
      )}
    </Context>
  );
}

function DropHint() {
  return (
    <div className="drop" aria-hidden="true">
      <div>
        <strong>{t("page.upload.drop")}</strong>
        <span className="soft">{t("page.upload.formats")}</span>
      </div>
    </div>
  );
}

/** What is dropped while a file is being read. */
const ignored = (): void => undefined;

/** True while a file hangs over the page; calls `dropped` with it. */
function useDrop(dropped: (file: File) => void): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    let depth = 0;
    const holdsFile = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
    const handlers = {
      dragenter: (event: DragEvent) => {
        if (!holdsFile(event)) return;
        depth += 1;
        setOver(true);
      },
      dragleave: () => {
        depth = Math.max(0, depth - 1);
        if (!depth) setOver(false);
      },
      dragover: (event: DragEvent) => {
        if (holdsFile(event)) event.preventDefault();
      },
      drop: (event: DragEvent) => {
        depth = 0;
        setOver(false);
        if (!holdsFile(event)) return;
        event.preventDefault();
        const file = event.dataTransfer?.files[0];
        if (file) dropped(file);
      },
    };
    const names = Object.keys(handlers) as (keyof typeof handlers)[];
    for (const name of names) addEventListener(name, handlers[name]);
    return () => {
      for (const name of names) removeEventListener(name, handlers[name]);
    };
  }, [dropped]);
  return over;
}
