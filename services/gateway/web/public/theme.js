// Before the first paint: the theme chosen by hand, if any. Not inline: the page's policy allows no inline scripts.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be closed to us; the system's theme holds then.
}
