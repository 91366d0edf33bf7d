import { useQueryClient } from "@tanstack/react-query";
import { Logo } from "../parts/logo";
import { BrandForm } from "../parts/brand_form";
import { Opening } from "../parts/opening";
import { useDemo } from "../queries";
import { toBrand } from "../route";
import { useSession } from "../session";
import { ThemeSwitch } from "../theme";

/** Where there is no brand yet. */
export function NewBrand() {
  const { logOut } = useSession();
  const client = useQueryClient();
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
          <p>A brand is one shop. Its webhooks are read from the moment it is here; an export of its past orders can be dropped on the page next.</p>
          <BrandForm
            button="Make the brand"
            onMade={async (brand) => {
              await client.invalidateQueries({ queryKey: ["brands"] });
              location.hash = toBrand(brand.brand_id);
            }}
          />
          <p className="soft">Or replay a file of transactions from the command line; it makes the brand by itself:</p>
          <pre>pulsepoint replay FILE --shop my-shop.myshopify.com</pre>
        </section>}
      </main>
    </>
  );
}
