// Asking the gateway, typed by its OpenAPI document (schema.d.ts). Every failure becomes words a person can act on.

import createClient, { type Client, type Middleware } from "openapi-fetch";
import type { Problem, paths } from "./schema";
import { t } from "./texts";

export type Api = Client<paths>;

/** An answer that is no success; `status` 0 where none came. The message is for people. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly retryAfter = 0,
  ) {
    super(detail);
  }
}

/** True of an answer that stays as it is until the person's role changes. */
export const isForbidden = (error: unknown): boolean => error instanceof Refused && error.status === 403;

export const unreachable = (): Refused => new Refused(0, t("page.error.unreachable"));

/** The problem document (RFC 9457) of an answer as an error. */
export async function refusal(response: Response): Promise<Refused> {
  const problem: Partial<Problem> | null = await response.json().catch(() => null);
  const retryAfter = Number(response.headers.get("retry-after")) || 0;
  return new Refused(response.status, problem?.detail ?? t("page.error.unexplained"), retryAfter);
}

const failures: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) throw await refusal(response);
  },
  onError({ error }) {
    const aborted = error instanceof DOMException && error.name === "AbortError";
    return aborted || error instanceof Refused ? error : unreachable();
  },
};

/** The API with a person's token; calls throw `Refused`. */
export function createApi(token: string | null): Api {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const api = createClient<paths>({ headers });
  api.use(failures);
  return api;
}

/** The body of an answer; undefined where there is none (204). */
export async function bodyOf<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}
