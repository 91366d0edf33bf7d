// The shell: log-in, which brand, which page; footer, drawer and drop zone around them.

import { useEffect, useState } from "react";
import type { Brand } from "./api";
import { AlertPage } from "./pages/alert";
import { LogIn } from "./pages/log_in";
import { NewBrand } from "./pages/new_brand";
import { Overview } from "./pages/overview";
import { TracePage } from "./pages/trace";
import { FactProvider } from "./parts/fact_drawer";
import { Footer } from "./parts/footer";
import { Header } from "./parts/header";
import { PageSkeleton } from "./parts/skeletons";
import { Trouble } from "./parts/trouble";
import { Uploads } from "./parts/uploads";
import { useLive } from "./live";
import type { Choice } from "./periods";
import { useBrands } from "./queries";
import { toBrand, useRoute, type Route } from "./route";
import { useSession } from "./session";
import { lasting, remember, remembered } from "./stored";

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
        <Trouble error={brands.error} again={() => void brands.refetch()} />
      </main>
    );
  }
  const brand = chosen(brands.data, route);
  return (
    <Uploads brand={brand} brands={brands.data}>
      {brand ? <WithBrand key={brand.brand_id} brand={brand} brands={brands.data} route={route} /> : <NoBrand wanted={route.brand} brands={brands.data} />}
    </Uploads>
  );
}

function chosen(brands: Brand[], route: Route): Brand | undefined {
  if (route.brand !== null) return brands.find((each) => each.brand_id === route.brand);
  const last = remembered(lasting, "brand");
  return brands.find((each) => each.brand_id === last) ?? brands[0];
}

function WithBrand({ brand, brands, route }: { brand: Brand; brands: Brand[]; route: Route }) {
  const live = useLive(brand.brand_id);
  const [choice, setChoice] = useState<Choice>({ preset: "30" });

  useEffect(() => remember(lasting, "brand", brand.brand_id), [brand.brand_id]);
  useEffect(() => {
    document.title = `${brand.name} · Pulsepoint`;
  }, [brand.name]);

  return (
    <FactProvider timezone={brand.timezone}>
      <a className="skip" href="#main" onClick={(event) => toMain(event)}>Skip to the content</a>
      <Header
        brand={brand}
        brands={brands}
        connection={live.connection}
        choice={route.page === "overview" ? choice : null}
        onChoice={setChoice}
      />
      <main id="main" tabIndex={-1}>
        {route.page === "alert" ? (
          <AlertPage brand={brand} alertId={route.alert} />
        ) : route.page === "trace" ? (
          <TracePage brand={brand} traceId={route.trace} />
        ) : (
          <Overview brand={brand} choice={choice} live={live} />
        )}
      </main>
      <Footer brand={brand} />
      <p className="sr" role="status">{live.announced}</p>
    </FactProvider>
  );
}

/** The hash names the page, so the skip link moves the focus by hand. */
function toMain(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function NoBrand({ wanted, brands }: { wanted: string | null; brands: Brand[] }) {
  if (brands.length === 0) return <NewBrand />;
  return (
    <main id="main">
      <div className="card welcome">
        <h1>There is no such brand</h1>
        <p>{wanted ? "It does not exist, or it belongs to another company’s account." : ""}</p>
        <p>
          {brands.map((each) => (
            <a key={each.brand_id} className="button" href={toBrand(each.brand_id)}>{each.name}</a>
          ))}
        </p>
      </div>
    </main>
  );
}
