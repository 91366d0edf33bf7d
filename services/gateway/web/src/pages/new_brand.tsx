import { useQueryClient } from "@tanstack/react-query";
import { Logo } from "../parts/logo";
import { BrandForm } from "../parts/brand_form";
import { Opening } from "../parts/opening";
import { useUploads } from "../parts/uploads";
import { useDemo } from "../queries";
import { toBrand } from "../route";
import { useSession } from "../session";
import { ThemeSwitch } from "../theme";

/** Where there is no brand yet. */
export function NewBrand() {
  const { logOut } = useSession();
  const client = useQueryClient();
  const { pick } = useUploads();
  const demo = useDemo();
  return (
    <>
      <header className="top">
        <div className="top-row">
          <Logo />
          <span className="spacer" />
          <ThemeSwitch />
          <button type="button" className="button plain" onClick={() => logOut()}>Log out</button>
        </div>
      </header>
      <main id="main">
        {demo.data ? <Opening /> : <section className="card welcome">
          <h1>Make your first brand</h1>
          <p>A brand is one shop. Its webhooks are read from the moment it is here.</p>
          <BrandForm
            button="Make the brand"
            onMade={async (brand) => {
              await client.invalidateQueries({ queryKey: ["brands"] });
              location.hash = toBrand(brand.brand_id);
            }}
          />
          <h2>Or begin with past orders</h2>
          <p>Drop an export of them anywhere on this page (in Shopify: Orders, Export, plain CSV file), or pick it:</p>
          <p><button type="button" className="button" onClick={pick}>Import orders</button></p>
          <p className="soft">From the command line, a file of transactions makes its brand by itself:</p>
          <pre>.venv/bin/pulsepoint replay FILE --shop my-shop.myshopify.com</pre>
        </section>}
      </main>
    </>
  );
}
