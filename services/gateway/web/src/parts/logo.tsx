export function Logo() {
  return (
    <a className="logo" href="#/" aria-label="Pulsepoint, overview">
      <img src="/icon.svg" alt="" width="28" height="28" />
      <span>Pulsepoint</span>
    </a>
  );
}
