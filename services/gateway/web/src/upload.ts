// Sending a file and hearing how far it is: XMLHttpRequest tells of the sending, the answer's lines of the rest.

import { Refused, UNREACHABLE, type Uploaded } from "./api";

export type Progress = { step: "sending" | "reading"; done: number; of: number };
interface Line { sent?: number; of?: number; result?: Uploaded; problem?: { status: number; detail: string } }

/** The counts of an answer's last line, or its problem; earlier lines are progress. */
export function readLines(text: string): Line[] {
  return text
    .split("\n")
    .slice(0, -1)
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}

export function upload(path: string, token: string, file: File, told: (progress: Progress) => void): { done: Promise<Uploaded>; abort: () => void } {
  const request = new XMLHttpRequest();
  const done = new Promise<Uploaded>((resolve, reject) => {
    request.open("POST", path);
    request.setRequestHeader("authorization", `Bearer ${token}`);
    request.setRequestHeader("content-type", "text/csv");
    request.setRequestHeader("accept", "application/x-ndjson");
    request.upload.onprogress = (event) => told({ step: "sending", done: event.loaded, of: event.total });
    request.onprogress = () => {
      const last = readLines(request.responseText).findLast((line) => line.sent !== undefined);
      if (last) told({ step: "reading", done: last.sent ?? 0, of: last.of ?? 0 });
    };
    request.onerror = () => reject(new Refused(0, UNREACHABLE));
    request.onabort = () => reject(new Refused(0, "Stopped. What was read until then stays; the same file can be sent again."));
    request.onload = () => {
      try {
        resolve(resultOf(request));
      } catch (error) {
        reject(error instanceof Error ? error : new Refused(0, UNREACHABLE));
      }
    };
    request.send(file);
  });
  return { done, abort: () => request.abort() };
}

function resultOf(request: XMLHttpRequest): Uploaded {
  if (request.status >= 400) {
    const told = JSON.parse(request.responseText) as { detail?: string };
    throw new Refused(request.status, told.detail ?? "The server did not say why.");
  }
  const last = readLines(request.responseText).at(-1);
  if (last?.result) return last.result;
  throw new Refused(last?.problem?.status ?? 0, last?.problem?.detail ?? "The answer was cut short. Send the file again: nothing is counted twice.");
}
