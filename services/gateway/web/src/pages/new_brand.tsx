import { useQueryClient } from "@tanstack/react-query";
import { BrandForm } from "../parts/brand_form";
import { Logo } from "../parts/logo";
import { Opening } from "../parts/opening";
import { useUploads } from "../parts/uploads";
import { useDemo } from "../queries";
import { toBrand } from "../route";
import { useSession } from "../session";
import { t } from "../texts";
import { ThemeSwitch } from "../theme";

const REPLAY = ".venv/bin/pulsepoint replay FILE --shop my-shop.myshopify.com";

/** Where there is no brand yet. */
export function NewBrand() {
  const { logOut } = useSession();
  const demo = useDemo();
  return (
    <>
      <header className="top">
        <div className="top-row">
          <Logo />
          <span className="spacer" />
          <ThemeSwitch />
          <button type="button" className="button plain" onClick={() => logOut()}>
            {t("page.log_out")}
          </button>
        </div>
      </header>
      <main id="main">{demo.data ? <Opening /> : <FirstBrand />}</main>
    </>
  );
}

function FirstBrand() {
  const client = useQueryClient();
  const { pick } = useUploads();
  return (
    <section className="card welcome">
      <h1>{t("page.first_brand.title")}</h1>
      <p>{t("page.first_brand.what")}</p>
      <BrandForm
        button={t("page.first_brand.make")}
        onMade={async (brand) => {
          await client.invalidateQueries({ queryKey: ["brands"] });
          location.hash = toBrand(brand.brand_id);
        }}
      />
      <h2>{t("page.first_brand.past")}</h2>
      <p>{t("page.first_brand.drop")}</p>
      <p>
        <button type="button" className="button" onClick={pick}>
          {t("page.import")}
        </button>
      </p>
      <p className="soft">{t("page.first_brand.command")}</p>
      <pre>{REPLAY}</pre>
    </section>
  );
}
