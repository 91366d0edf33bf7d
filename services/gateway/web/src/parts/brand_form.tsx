import { useState, type FormEvent } from "react";
import { Refused, type Brand } from "../api";
import { useSession } from "../session";

const SHOP = "[a-z0-9][a-z0-9\\-]*\\.myshopify\\.com";

export function BrandForm({ button, onMade }: { button: string; onMade: (brand: Brand) => Promise<void> | void }) {
  const { call } = useSession();
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => String(form.get(name)).trim();
    const body = { name: text("name"), shopify_store: text("shop").toLowerCase(), currency: text("currency").toUpperCase(), timezone: text("timezone") };
    setBusy(true);
    setProblem(null);
    try {
      await onMade(await call<Brand>("/api/brands", { method: "POST", body: JSON.stringify(body) }));
    } catch (error) {
      // The API names what is wrong by its place in the body; here the form is the body.
      setProblem(error instanceof Refused ? error.message.replaceAll("body.", "") : "This page could not make the brand. Reload it and try again.");
      setBusy(false);
    }
  };

  return (
    <form className="form-grid" onSubmit={(event) => void submit(event)}>
      <label className="field">Name <input name="name" required maxLength={200} placeholder="Northwind Traders" /></label>
      <label className="field">
        Shop
        <input name="shop" required placeholder="my-shop.myshopify.com" pattern={SHOP} title="my-shop.myshopify.com" autoCapitalize="none" />
      </label>
      <label className="field">Currency <input name="currency" required minLength={3} maxLength={3} placeholder="GBP" /></label>
      <label className="field">
        Timezone
        <input name="timezone" required defaultValue={Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC"} />
      </label>
      <p className="error wide" role="alert">{problem}</p>
      <p className="wide"><button type="submit" className="button primary" disabled={busy}>{button}</button></p>
    </form>
  );
}
