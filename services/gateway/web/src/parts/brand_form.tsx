import { type FormEvent, useState } from "react";
import { bodyOf, Refused } from "../api";
import type { NewBrand, SettingsView } from "../schema";
import { useSession } from "../session";
import { t } from "../texts";

const SHOP = "[a-z0-9][a-z0-9\\-]*\\.myshopify\\.com";
const EXAMPLE = "my-shop.myshopify.com";

interface BrandFormProps {
  button: string;
  onMade: (brand: SettingsView) => Promise<void> | void;
}

export function BrandForm({ button, onMade }: BrandFormProps) {
  const { api } = useSession();
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const body = brandOf(new FormData(event.currentTarget));
    setBusy(true);
    setProblem(null);
    try {
      await onMade(await bodyOf(api.POST("/api/brands", { body })));
    } catch (error) {
      // The API names what is wrong by its place in the body; here the form is the body.
      setProblem(error instanceof Refused ? error.message.replaceAll("body.", "") : t("page.brand_form.failed"));
      setBusy(false);
    }
  };

  return (
    <form className="form-grid" onSubmit={(event) => void submit(event)}>
      <Fields />
      <p className="error wide" role="alert">
        {problem}
      </p>
      <p className="wide">
        <button type="submit" className="button primary" disabled={busy}>
          {button}
        </button>
      </p>
    </form>
  );
}

function Fields() {
  return (
    <>
      <label className="field">
        {t("page.brand_form.name")} <input name="name" required maxLength={200} placeholder="Northwind Traders" />
      </label>
      <label className="field">
        {t("page.brand_form.shop")}
        <input name="shop" required placeholder={EXAMPLE} pattern={SHOP} title={EXAMPLE} autoCapitalize="none" />
      </label>
      <label className="field">
        {t("page.brand_form.currency")} <input name="currency" required minLength={3} maxLength={3} placeholder="GBP" />
      </label>
      <label className="field">
        {t("page.brand_form.timezone")}
        <input name="timezone" required defaultValue={Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC"} />
      </label>
    </>
  );
}

/** What has a default may be left out of a new brand; the generated type does not say so. */
function brandOf(form: FormData): NewBrand {
  const text = (name: string): string => String(form.get(name)).trim();
  const fields: Partial<NewBrand> = {
    name: text("name"),
    shopify_store: text("shop").toLowerCase(),
    currency: text("currency").toUpperCase(),
    timezone: text("timezone"),
  };
  return fields as NewBrand;
}
