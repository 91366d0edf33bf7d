import { useState, type FormEvent } from "react";
import { Refused } from "../api";
import { Logo } from "../parts/logo";
import { useSession } from "../session";
import { ThemeSwitch } from "../theme";

export function LogIn() {
  const { logIn, ended } = useSession();
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(null);
    try {
      await logIn(String(form.get("email")), String(form.get("password")));
    } catch (error) {
      setProblem(error instanceof Refused ? error.message : "Something went wrong on this page. Reload it and try again.");
      setBusy(false);
    }
  };

  return (
    <main className="login" id="main">
      <form className="card" onSubmit={(event) => void submit(event)}>
        <div className="card-head">
          <Logo />
          <ThemeSwitch />
        </div>
        <h1>Log in</h1>
        {ended && <p className="notice">{ended}</p>}
        <label className="field">
          E-mail
          <input name="email" type="email" autoComplete="username" required autoFocus />
        </label>
        <label className="field">
          Password
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        <p className="error" role="alert">{problem}</p>
        <button className="button primary" type="submit" disabled={busy}>{busy ? "Logging in…" : "Log in"}</button>
        <p className="small soft">Address and password were printed where Pulsepoint was started.</p>
      </form>
    </main>
  );
}
