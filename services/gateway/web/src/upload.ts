// Sending a file and hearing how far it is: XMLHttpRequest reports the sending, the answer's lines the rest.

import { Refused, unreachable } from "./api";
import type { Problem, UploadView } from "./schema";
import { t } from "./texts";

export interface Progress {
  step: "sending" | "reading";
  done: number;
  of: number;
}
interface Line {
  sent?: number;
  of?: number;
  result?: UploadView;
  problem?: Pick<Problem, "status" | "detail">;
}

/** The counts of an answer's last line, or its problem; earlier lines are progress. */
export function readLines(text: string): Line[] {
  return text
    .split("\n")
    .slice(0, -1)
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}

export function upload(
  path: string,
  token: string,
  file: File,
  onProgress: (progress: Progress) => void,
): { done: Promise<UploadView>; abort: () => void } {
  const request = new XMLHttpRequest();
  const done = new Promise<UploadView>((resolve, reject) => {
    request.open("POST", path);
    request.setRequestHeader("authorization", `Bearer ${token}`);
    request.setRequestHeader("content-type", "text/csv");
    request.setRequestHeader("accept", "application/x-ndjson");
    request.upload.onprogress = (event) => onProgress({ step: "sending", done: event.loaded, of: event.total });
    request.onprogress = () => {
      const last = readLines(request.responseText).findLast((line) => line.sent !== undefined);
      if (last) onProgress({ step: "reading", done: last.sent ?? 0, of: last.of ?? 0 });
    };
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new Refused(0, t("page.upload.stopped")));
    request.onload = () => {
      try {
        resolve(resultOf(request));
      } catch (error) {
        reject(error instanceof Error ? error : unreachable());
      }
    };
    request.send(file);
  });
  return { done, abort: () => request.abort() };
}

function resultOf(request: XMLHttpRequest): UploadView {
  if (request.status >= 400) {
    const problem = JSON.parse(request.responseText) as Partial<Problem>;
    throw new Refused(request.status, problem.detail ?? t("page.error.unexplained"));
  }
  const last = readLines(request.responseText).at(-1);
  if (last?.result) return last.result;
  throw new Refused(last?.problem?.status ?? 0, last?.problem?.detail ?? t("page.upload.cut_short"));
}
