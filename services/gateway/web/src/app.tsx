// The shell: log-in, brand, page; footer, drawer and drop zone around them.

import { useEffect, useState } from "react";
import { useLive } from "./live";
import { AlertPage } from "./pages/alert";
import { LogIn } from "./pages/log_in";
import { NewBrand } from "./pages/new_brand";
import { Overview } from "./pages/overview";
import { TracePage } from "./pages/trace";
import { FactProvider } from "./parts/fact_drawer";
import { Faults } from "./parts/faults";
import { Footer } from "./parts/footer";
import { Header } from "./parts/header";
import { PageSkeleton } from "./parts/skeletons";
import { Trouble } from "./parts/trouble";
import { Uploads } from "./parts/uploads";
import type { Choice } from "./periods";
import { useBrands } from "./queries";
import { type Route, toBrand, useRoute } from "./route";
import type { BrandView } from "./schema";
import { useSession } from "./session";
import { lasting, remember, remembered } from "./stored";
import { t } from "./texts";

export function App() {
  const { token } = useSession();
  return token ? <LoggedIn /> : <LogIn />;
}

function LoggedIn() {
  const brands = useBrands();
  const route = useRoute();
  if (brands.isPending) return <PageSkeleton />;
  if (!brands.data) {
    return (
      <main id="main">
        <Faults brand={null} />
        <Trouble error={brands.error} again={() => void brands.refetch()} />
      </main>
    );
  }
  const brand = chosen(brands.data, route);
  return (
    <Uploads brand={brand} brands={brands.data}>
      {brand ? (
        <WithBrand key={brand.brand_id} brand={brand} brands={brands.data} route={route} />
      ) : (
        <NoBrand requested={route.brand} brands={brands.data} />
      )}
    </Uploads>
  );
}

function chosen(brands: BrandView[], route: Route): BrandView | undefined {
  if (route.brand !== null) return brands.find((each) => each.brand_id === route.brand);
  const last = remembered(lasting, "brand");
  return brands.find((each) => each.brand_id === last) ?? brands[0];
}

function WithBrand({ brand, brands, route }: { brand: BrandView; brands: BrandView[]; route: Route }) {
  const live = useLive(brand.brand_id);
  const [choice, setChoice] = useState<Choice>({ preset: "30" });

  useEffect(() => remember(lasting, "brand", brand.brand_id), [brand.brand_id]);
  useEffect(() => {
    document.title = t("page.title", { brand: brand.name });
  }, [brand.name]);

  return (
    <FactProvider timezone={brand.timezone}>
      {/* biome-ignore lint/a11y/useValidAnchor: it leads to a place on this page; the hash is taken by the route */}
      <a className="skip" href="#main" onClick={toMain}>
        {t("page.skip")}
      </a>
      <Header
        brand={brand}
        brands={brands}
        connection={live.connection}
        choice={route.page === "overview" ? choice : null}
        onChoice={setChoice}
      />
      <main id="main" tabIndex={-1}>
        <Faults brand={brand.brand_id} />
        {route.page === "alert" ? (
          <AlertPage brand={brand} alertId={route.alert} />
        ) : route.page === "trace" ? (
          <TracePage brand={brand} traceId={route.trace} />
        ) : (
          <Overview brand={brand} choice={choice} live={live} />
        )}
      </main>
      <Footer brand={brand} />
      <p className="sr" role="status">
        {live.announced}
      </p>
    </FactProvider>
  );
}

/** The hash names the page, so the skip link moves the focus by hand. */
function toMain(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function NoBrand({ requested, brands }: { requested: string | null; brands: BrandView[] }) {
  if (brands.length === 0) return <NewBrand />;
  return (
    <main id="main">
      <div className="card welcome">
        <h1>{t("page.no_brand.title")}</h1>
        {requested && <p>{t("page.no_brand.why")}</p>}
        <p>
          {brands.map((each) => (
            <a key={each.brand_id} className="button" href={toBrand(each.brand_id)}>
              {each.name}
            </a>
          ))}
        </p>
      </div>
    </main>
  );
}
