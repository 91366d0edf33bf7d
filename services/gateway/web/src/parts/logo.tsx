import { t } from "../texts";

const NAME = "Pulsepoint";

export function Logo() {
  return (
    <a className="logo" href="#/" aria-label={t("page.logo", { product: NAME })}>
      <img src="/icon.svg" alt="" width="28" height="28" />
      <span>{NAME}</span>
    </a>
  );
}
