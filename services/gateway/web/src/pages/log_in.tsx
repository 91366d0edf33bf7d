import { type FormEvent, useState } from "react";
import { Refused } from "../api";
import { Logo } from "../parts/logo";
import { useSession } from "../session";
import { t } from "../texts";
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
      setProblem(error instanceof Refused ? error.message : t("page.error.reload"));
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
        <h1>{t("page.login.title")}</h1>
        {ended && <p className="notice">{ended}</p>}
        <Credentials />
        <p className="error" role="alert">
          {problem}
        </p>
        <button className="button primary" type="submit" disabled={busy}>
          {busy ? t("page.login.busy") : t("page.login.title")}
        </button>
        <p className="small soft">{t("page.login.hint")}</p>
      </form>
    </main>
  );
}

function Credentials() {
  return (
    <>
      <label className="field">
        {t("page.login.email")}
        {/* biome-ignore lint/a11y/noAutofocus: logging in is all that this page is for */}
        <input name="email" type="email" autoComplete="username" required autoFocus />
      </label>
      <label className="field">
        {t("page.login.password")}
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
    </>
  );
}
