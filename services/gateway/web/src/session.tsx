// The log-in of this tab: a token that is gone when the tab is closed.

import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from "react";
import { type Api, bodyOf, createApi, Refused } from "./api";
import { remember, remembered, session } from "./stored";
import { speakToReader, t } from "./texts";

interface Session {
  token: string | null;
  api: Api;
  /** Why the last session ended, in words. */
  ended: string | null;
  logIn: (email: string, password: string) => Promise<void>;
  logOut: (words?: string) => void;
}

const Context = createContext<Session | null>(null);
const STALE_MS = 5_000;
const MOST_RETRIES = 2;

export function SessionProvider({ children }: { children: ReactNode }) {
  const [token, setToken] = useState(() => remembered(session, "token"));
  const [ended, setEnded] = useState<string | null>(null);
  const client = useRef<QueryClient>(null);

  const logOut = useCallback((words?: string) => {
    remember(session, "token", null);
    remember(session, "locale", null);
    setToken(null);
    setEnded(words ?? null);
    client.current?.clear();
  }, []);

  client.current ??= createQueryClient(() => logOut(t("page.login.expired")));

  const logIn = useCallback(async (email: string, password: string) => {
    const given = await bodyOf(createApi(null).POST("/api/auth/token", { body: { email, password } }));
    await speakIn(await savedLocale(given.access_token));
    remember(session, "token", given.access_token);
    setEnded(null);
    setToken(given.access_token);
  }, []);

  const value = useMemo<Session>(
    () => ({ token, api: createApi(token), ended, logIn, logOut }),
    [token, ended, logIn, logOut],
  );
  return (
    <QueryClientProvider client={client.current}>
      <Context value={value}>{children}</Context>
    </QueryClientProvider>
  );
}

/** The language that a person chose; null for none, and where it cannot be read: the page is shown all the same. */
async function savedLocale(token: string): Promise<string | null> {
  try {
    return (await bodyOf(createApi(token).GET("/api/auth/me"))).locale;
  } catch {
    return null;
  }
}

async function speakIn(locale: string | null): Promise<void> {
  remember(session, "locale", locale);
  await speakToReader(locale);
}

function createQueryClient(onExpired: () => void): QueryClient {
  const isPassing = (error: Error): boolean => error instanceof Refused && (error.status === 0 || error.status >= 500);
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (error instanceof Refused && error.status === 401) onExpired();
      },
    }),
    defaultOptions: {
      queries: { staleTime: STALE_MS, retry: (failures, error) => failures < MOST_RETRIES && isPassing(error) },
    },
  });
}

export function useSession(): Session {
  const value = useContext(Context);
  if (!value) throw new Error("no session above this component");
  return value;
}
