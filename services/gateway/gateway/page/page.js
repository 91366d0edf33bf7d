// The plain first page: asks the API every few seconds and shows what it says. Text is only ever set as text.

import { drawChart } from "/page/chart.js";

const REFRESH_MS = 8000;
const NAMES = {
  meta: "Meta", tiktok: "TikTok", google: "Google", email: "E-mail", organic_search: "Organic search",
  organic_social: "Organic social", referral: "Referral", affiliate: "Affiliate", other_paid: "Other paid",
  direct: "Direct", unattributed: "Unattributed",
};
const STATUSES = {
  out_of_stock: "Out of stock", critical: "Critical", low: "Low", healthy: "Healthy", overstocked: "Overstocked",
  untracked: "Not tracked",
};

const at = (id) => document.getElementById(id);
const state = { token: sessionStorage.getItem("token"), brand: localStorage.getItem("brand"), days: 30, timer: 0, run: 0 };

function node(name, content = "", className = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (content instanceof Node) element.append(content);
  else if (Array.isArray(content)) element.append(...content);
  else element.textContent = content;
  return element;
}

class Refused extends Error {
  constructor(status, detail, wait) {
    super(detail);
    this.status = status;
    this.wait = wait;
  }
}

async function api(path, options = {}) {
  const headers = { "content-type": "application/json" };
  if (state.token) headers.authorization = `Bearer ${state.token}`;
  const answer = await fetch(path, { ...options, headers });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, body.detail || "The server did not say why.", Number(answer.headers.get("retry-after")));
  return body;
}

// ---- how numbers and days look

const money = (value, currency, digits) =>
  value === null ? "–" : new Intl.NumberFormat("en-GB", {
    style: "currency", currency, minimumFractionDigits: digits ?? 2, maximumFractionDigits: digits ?? 2,
  }).format(value);
const tidy = (value, currency) => money(value, currency, Math.abs(value ?? 0) >= 10000 ? 0 : 2);
const short = (value) => new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 }).format(value);
const whole = (value) => (value === null ? "–" : new Intl.NumberFormat("en-GB").format(value));
const times = (value) => (value === null ? "–" : `${value.toFixed(2)}×`);
const parse = (day) => new Date(`${day}T12:00:00Z`);
const longDay = (day) => parse(day).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const shortDay = (day) => parse(day).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const shifted = (day, by) => new Date(parse(day).getTime() + by * 86400000).toISOString().slice(0, 10);

function delta(now, before, { fewerIsBetter = false, neutral = false } = {}) {
  if (before === null || before === undefined || now === null || before === 0) return node("p", "nothing to compare with", "delta");
  const change = (now - before) / Math.abs(before);
  const arrow = Math.abs(change) < 0.0005 ? "→" : change > 0 ? "▲" : "▼";
  const tone = arrow === "→" || neutral ? "flat" : change > 0 !== fewerIsBetter ? "up" : "down";
  const percent = new Intl.NumberFormat("en-GB", { style: "percent", maximumFractionDigits: Math.abs(change) < 0.1 ? 1 : 0 }).format(Math.abs(change));
  return node("p", [node("span", `${arrow} ${percent}`, tone), " on the days before"], "delta");
}

// ---- the parts of the board

function showKpis(told, days) {
  const { currency, previous } = told;
  const before = previous ?? {};
  const cards = [
    ["Net revenue", tidy(told.total_revenue, currency), delta(told.total_revenue, before.total_revenue)],
    ["Ad spend", tidy(told.total_spend, currency), delta(told.total_spend, before.total_spend, { neutral: true })],
    ["Blended ROAS", times(told.blended_roas), told.blended_roas === null ? node("p", "no ad spend in this period", "delta") : delta(told.blended_roas, before.blended_roas)],
    ["Orders", whole(told.orders), delta(told.orders, before.orders)],
  ];
  at("kpis").replaceChildren(
    ...cards.map(([name, value, change]) => node("article", [node("p", name, "name"), node("p", value, "value"), change], "card kpi")),
  );
  at("kpis").dataset.days = String(days);
}

function showChart(told) {
  drawChart(at("chart"), told.by_day, {
    label: "Net revenue and ad spend by day",
    short,
    date: shortDay,
    day: (day) => `${longDay(day.day)}: ${money(day.revenue, told.currency)} net revenue, ${money(day.spend, told.currency)} ad spend, ${day.orders} orders`,
  });
}

function showChannels(told) {
  const channels = told.by_channel.filter((each) => each.spend || each.revenue).sort((a, b) => b.revenue - a.revenue);
  if (!channels.length) {
    at("channels").replaceChildren(node("p", "Nothing was sold or spent in this period.", "none"));
    return;
  }
  const largest = Math.max(...channels.map((each) => each.revenue || 0), 1);
  const head = node("tr", ["Channel", "Revenue", "Spend", "ROAS"].map((name) => node("th", name)));
  const rows = channels.map((each) => {
    const share = node("span", "", "share");
    share.style.width = `${Math.max(0, (100 * each.revenue) / largest)}%`;
    const name = node("td", [NAMES[each.channel] || each.channel, share]);
    return node("tr", [name, node("td", tidy(each.revenue, each.currency)), node("td", each.spend ? tidy(each.spend, each.currency) : "–"), node("td", times(each.roas))]);
  });
  at("channels").replaceChildren(node("table", [node("thead", head), node("tbody", rows)]));
}

function showAlerts(alerts) {
  at("alert-count").hidden = !alerts.length;
  at("alert-count").textContent = String(alerts.length);
  list(at("alerts"), alerts, "Nothing needs you right now.", (alert) => [
    node("p", [node("span", alert.severity, `tag ${alert.severity}`), node("strong", alert.title)]),
    node("p", alert.explanation, "quiet"),
    node("p", alert.recommended_action, "do"),
  ], (alert) => alert.severity);
}

function showRecommendations(all) {
  list(at("recommendations"), all.slice(0, 8), "No advice yet. It is computed a little after orders, stock or ads change.", (each) => [
    node("p", [node("span", each.priority, `tag ${each.priority}`), node("strong", each.action)]),
    node("p", each.reason, "quiet"),
    node("p", each.expected_impact, "do"),
  ], (each) => each.priority);
}

function list(place, items, nothing, parts, tone) {
  if (!items.length) {
    place.replaceChildren(node("p", nothing, "none"));
    return;
  }
  place.replaceChildren(node("ul", items.map((item) => node("li", parts(item), `item ${tone(item)}`)), "items"));
}

function showStock(told) {
  const counts = Object.entries(told.counts);
  if (!counts.length) {
    at("stock").replaceChildren(node("p", "No stock levels are known yet.", "none"));
    return;
  }
  const summary = counts.map(([status, count]) => `${whole(count)} ${(STATUSES[status] || status).toLowerCase()}`).join(" · ");
  const parts = [node("p", summary, "quiet")];
  if (told.running_out.length) {
    const head = node("tr", ["Running out", "Left", "Days", "Ads a day"].map((name) => node("th", name)));
    const rows = told.running_out.slice(0, 6).map((each) => node("tr", [
      node("td", [each.title || each.sku || each.variant_id, node("br"), node("small", STATUSES[each.status] || each.status)]),
      node("td", whole(each.available)),
      node("td", each.days_of_cover === null ? "–" : each.days_of_cover.toFixed(1)),
      node("td", each.spend_at_risk_per_day ? tidy(each.spend_at_risk_per_day, told.currency) : "–"),
    ]));
    parts.push(node("table", [node("thead", head), node("tbody", rows)]));
  }
  at("stock").replaceChildren(...parts);
}

function showFooter(books, held) {
  const known = books.books.length > 0;
  const off = books.books.filter((book) => book.difference);
  at("books").className = known ? (books.balanced ? "ok" : "off") : "";
  at("books").textContent = !known ? "No books yet" : books.balanced
    ? "Books balance: every model's credits add up to net revenue"
    : `Books are off by ${off.map((book) => `${money(book.difference, book.currency)} (${book.model || "not attributed yet"})`).join(", ")}; orders may still be on their way`;
  at("held").textContent = held.total
    ? `${whole(held.total)} ${held.total === 1 ? "message" : "messages"} in quarantine: ${held.messages[0].explanation}`
    : "Quarantine is empty";
  at("refreshed").textContent = `as of ${new Date().toLocaleTimeString("en-GB")}`;
}

// ---- asking

async function dashboard(brand) {
  const base = `/api/brands/${brand}/dashboard?compare=true`;

  const first = await api(base);
  const { last_day: last, start_date: start, end_date: today } = first.period;
  // A shop whose newest order is older than the period: show the days up to it instead of nothing.
  const end = last && last < start ? last : today;
  if (end === today && state.days === 30) return first;
  return api(`${base}&start_date=${shifted(end, 1 - state.days)}&end_date=${end}`);
}

async function refresh() {
  const run = ++state.run;
  clearTimeout(state.timer);
  let wait = REFRESH_MS;
  try {
    const { brands } = await api("/api/brands");
    if (run !== state.run) return;
    showBrands(brands);
    const brand = brands.find((each) => each.brand_id === state.brand);
    const held = await api("/api/quarantine?limit=1");
    if (brand) await showBoard(brand, held, run);
    else showFooter({ balanced: true, books: [] }, held);
    at("problem").hidden = true;
  } catch (error) {
    if (run !== state.run) return;
    if (error.status === 401) return logOut("Your log-in has ended. Log in again.");
    if (error.wait) wait = Math.max(wait, error.wait * 1000);
    at("problem").textContent = error.status ? error.message : "Pulsepoint does not answer. Trying again…";
    at("problem").hidden = false;
  }
  if (run === state.run && state.token) state.timer = setTimeout(refresh, wait);
}

async function showBoard(brand, held, run) {
  const [told, alerts, books] = await Promise.all([
    dashboard(brand.brand_id),
    api(`/api/brands/${brand.brand_id}/alerts`),
    api(`/api/brands/${brand.brand_id}/books`),
  ]);
  if (run !== state.run) return;
  const snapshot = told.performance_snapshot;
  const { start_date: start, end_date: end, last_day: last, timezone } = told.period;
  document.title = `${brand.name} · Pulsepoint`;
  at("brand-title").textContent = brand.name;
  at("period").textContent = `${longDay(start)} to ${longDay(end)}, ${timezone}`;
  at("sentence").textContent = last ? told.summary.summary : "";
  at("webhook-address").textContent = `${location.origin}/webhooks/shopify`;
  at("replay-command").textContent = `pulsepoint replay FILE --shop ${brand.shopify_store}`;
  at("no-orders").hidden = Boolean(last);
  for (const id of ["kpis", "chart-card"]) at(id).hidden = !last;
  showKpis(snapshot, state.days);
  state.snapshot = last ? snapshot : null;
  if (last) showChart(snapshot);
  showChannels(snapshot);
  showAlerts(alerts.alerts);
  showRecommendations(told.recommendations);
  showStock(told.summary.inventory_insights);
  showFooter(books, held);
}

function showBrands(brands) {
  const known = brands.some((each) => each.brand_id === state.brand);
  if (!known) state.brand = brands.length ? brands[0].brand_id : null;
  at("no-brand").hidden = brands.length > 0;
  at("board").hidden = !brands.length;
  at("brand-label").hidden = !brands.length;
  at("ranges").hidden = !brands.length;
  const wanted = brands.map((each) => `${each.brand_id} ${each.name}`).join("\n");
  if (at("brand").dataset.shown !== wanted) {
    at("brand").replaceChildren(...brands.map((each) => {
      const option = node("option", each.name);
      option.value = each.brand_id;
      return option;
    }));
    at("brand").dataset.shown = wanted;
  }
  if (state.brand) at("brand").value = state.brand;
}

// ---- logging in and out

function logOut(words = "") {
  state.token = null;
  state.run += 1;
  clearTimeout(state.timer);
  sessionStorage.removeItem("token");
  at("app").hidden = true;
  at("login").hidden = false;
  at("login-error").hidden = !words;
  at("login-error").textContent = words;
  at("email").focus();
}

function enter() {
  at("login").hidden = true;
  at("app").hidden = false;
  refresh();
}

at("login-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const body = JSON.stringify({ email: at("email").value, password: at("password").value });
    const { access_token: token } = await api("/api/auth/token", { method: "POST", body });
    state.token = token;
    sessionStorage.setItem("token", token);
    at("password").value = "";
    enter();
  } catch (error) {
    at("login-error").textContent = error.status ? error.message : "Pulsepoint does not answer.";
    at("login-error").hidden = false;
  }
});

at("brand-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const body = JSON.stringify({
      name: at("brand-name").value, shopify_store: at("brand-shop").value,
      currency: at("brand-currency").value.toUpperCase(), timezone: at("brand-timezone").value,
    });
    const made = await api("/api/brands", { method: "POST", body });
    state.brand = made.brand_id;
    at("brand-error").hidden = true;
    refresh();
  } catch (error) {
    at("brand-error").textContent = error.message;
    at("brand-error").hidden = false;
  }
});

at("brand").addEventListener("change", () => {
  state.brand = at("brand").value;
  localStorage.setItem("brand", state.brand);
  refresh();
});
at("ranges").addEventListener("click", (event) => {
  if (!event.target.dataset.days) return;
  state.days = Number(event.target.dataset.days);
  for (const button of at("ranges").children) button.setAttribute("aria-pressed", String(button === event.target));
  refresh();
});
at("logout").addEventListener("click", () => logOut());
addEventListener("resize", () => state.snapshot && showChart(state.snapshot));
at("brand-timezone").value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

if (state.token) enter();
else logOut();
