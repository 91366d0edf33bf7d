// Who is logged in: a token for this tab, gone when the tab is closed.

import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createContext, useCallback, useContext, useMemo, useRef, useState, type ReactNode } from "react";
import { Refused, ask } from "./api";
import { remember, remembered, session } from "./stored";

interface Session {
  token: string | null;
  /** Why the last session ended, in words. */
  ended: string | null;
  logIn: (email: string, password: string) => Promise<void>;
  logOut: (words?: string) => void;
  call: <T>(path: string, options?: RequestInit) => Promise<T>;
}

const Context = createContext<Session | null>(null);
const EXPIRED = "Your log-in has ended. Log in again.";

export function SessionProvider({ children }: { children: ReactNode }) {
  const [token, setToken] = useState(() => remembered(session, "token"));
  const [ended, setEnded] = useState<string | null>(null);
  const client = useRef<QueryClient>(null);

  const logOut = useCallback((words?: string) => {
    remember(session, "token", null);
    setToken(null);
    setEnded(words ?? null);
    client.current?.clear();
  }, []);

  client.current ??= new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (error instanceof Refused && error.status === 401) logOut(EXPIRED);
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (failures, error) => failures < 2 && error instanceof Refused && (error.status === 0 || error.status >= 500),
      },
    },
  });

  const logIn = useCallback(async (email: string, password: string) => {
    const body = JSON.stringify({ email, password });
    const given = await ask<{ access_token: string }>(null, "/api/auth/token", { method: "POST", body });
    remember(session, "token", given.access_token);
    setEnded(null);
    setToken(given.access_token);
  }, []);

  const value = useMemo<Session>(
    () => ({ token, ended, logIn, logOut, call: (path, options) => ask(token, path, options) }),
    [token, ended, logIn, logOut],
  );
  return (
    <QueryClientProvider client={client.current}>
      <Context value={value}>{children}</Context>
    </QueryClientProvider>
  );
}

export function useSession(): Session {
  const value = useContext(Context);
  if (!value) throw new Error("no session above this component");
  return value;
}
