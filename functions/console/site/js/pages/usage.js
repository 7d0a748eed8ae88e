// Usage: what was spent, on what, by whom, and what is left.

import { get, hint, post, urlOf } from "../api.js";
import { stackedBars } from "../charts.js";
import { h, replace } from "../dom.js";
import { day, usd } from "../format.js";
import { go } from "../router.js";
import { emptyState, failure, link, pageHead, skeleton } from "../ui.js";
import { DIMENSIONS, METRICS, breakdown, byDay, daysOf, periodOf, totalsOf } from "../usage-figures.js";
import { breakdownTable, dayTable, tiles } from "../usage-tables.js";

export const title = "Usage";

const PERIODS = [["7", "7 days"], ["30", "30 days"], ["90", "90 days"], ["month", "This month"]];

/** Return the page. */
export async function render({ query, signal }) {
  const { teams } = await get("/api/teams", {}, { signal });
  const team = teams.find(({ uuid }) => uuid === query.get("team")) ?? null;
  const choice = { period: "30", metric: "spend", by: "model" };
  const place = h("div", { class: "stack wide" });
  const draw = (loaded) => replace(place, loaded.rows.length ? figures(loaded, choice, draw) : nothing(loaded, team));
  const load = async () => {
    const slow = setTimeout(() => replace(place, skeleton(4)), 150);
    try {
      const loaded = await figuresOf(team, periodOf(choice.period), signal);
      draw(loaded);
      exportLink.href = urlOf("/api/usage/export", { format: "csv", ...loaded.period, team: team?.uuid }).href;
    } catch (error) {
      if (error.name !== "AbortError") replace(place, failure(error, load));
    } finally {
      clearTimeout(slow);
    }
  };
  const exportLink = csvLink();
  const whose = [["", "You"], ...teams.map(({ uuid, name }) => [uuid, name])];
  const page = h(
    "div",
    { class: "page" },
    pageHead("Usage", "What requests cost here, day by day (UTC). Figures follow a request by a second or two.", exportLink),
    h(
      "div",
      { class: "toolbar choices" },
      teams.length ? select("Whose usage", whose, team?.uuid ?? "", (uuid) => go(uuid ? `/usage?team=${uuid}` : "/usage")) : null,
      segments("Period", PERIODS, choice.period, (value) => ((choice.period = value), load())),
    ),
    place,
  );
  await load();
  return page;
}

async function figuresOf(team, period, signal) {
  if (team) {
    const answer = await get(`/api/teams/${team.uuid}/usage`, { ...period, group_by: "day,provider,model,member" }, { signal });
    return { period, rows: answer.rows, totals: totalsOf(answer.rows, answer.totals[0]), third: "member", names: new Map() };
  }
  const [answer, balance, { keys }] = await Promise.all([
    get("/api/v1/usage", { ...period, group_by: "day,provider,model,api_key" }, { signal }),
    post("/api/check-balance", {}, { signal }),
    get("/api/user/gateway-keys", {}, { signal }),
  ]);
  const names = new Map(keys.map(({ id, name }) => [id, name]));
  return { period, rows: answer.rows, totals: answer.totals, balance: balance.usd_balance, third: "key", names };
}

function figures(loaded, choice, draw) {
  const metric = METRICS[choice.metric];
  const dimension = DIMENSIONS[choice.by] ?? DIMENSIONS.model;
  const groups = breakdown(loaded.rows, dimension, metric, loaded.names);
  const days = daysOf(loaded.period);
  const change = (name) => (value) => {
    choice[name] = value;
    draw(loaded);
    document.querySelector(`input[name="${name}"]:checked`)?.focus();
  };
  const dimensions = ["model", "provider", loaded.third].map((name) => [name, DIMENSIONS[name].label]);
  return [
    tiles(loaded),
    h(
      "section",
      { class: "card stack", "aria-labelledby": "by-day" },
      h(
        "div",
        { class: "card-head" },
        h("h2", { id: "by-day" }, `${metric.label} by day`),
        segments("Measure", Object.entries(METRICS).map(([name, { label }]) => [name, label]), choice.metric, change("metric"), "metric"),
      ),
      stackedBars({ days, series: byDay(loaded.rows, days, groups, dimension, metric), format: metric.format, label: `${metric.label} by day` }),
      h("details", { class: "more" }, h("summary", {}, "As a table"), dayTable(loaded.rows, days)),
    ),
    h(
      "section",
      { class: "card stack", "aria-labelledby": "breakdown" },
      h("div", { class: "card-head" }, h("h2", { id: "breakdown" }, `By ${dimension.label.toLowerCase()}`), segments("Break down by", dimensions, choice.by, change("by"), "by")),
      breakdownTable(groups, dimension, metric),
    ),
  ];
}

function nothing({ balance, period }, team) {
  return [
    balance === undefined ? null : h("p", { class: "muted" }, `Your prepaid balance is ${usd(balance)}.`),
    emptyState({
      iconName: "chart",
      title: "Nothing was used",
      text: `${team ? `${team.name} paid for no request` : "No request of yours was counted"} from ${day(period.from)} to ${day(period.to)}.`,
      action: link("Try a model", "#/try", { className: "button primary" }),
    }),
  ];
}

function csvLink() {
  const element = link("Export as CSV", urlOf("/api/usage/export", { format: "csv" }).href, { className: "button" });
  element.setAttribute("download", "usage.csv");
  element.addEventListener("click", async (event) => {
    if (hint.age < 14 * 60 * 1000) return;
    event.preventDefault(); // the session cookie may have run out: a call renews it
    await get("/api/session");
    element.click();
  });
  return element;
}

function select(label, choices, value, onChange) {
  return h("select", { "aria-label": label, on: { change: (event) => onChange(event.target.value) } }, choices.map(([each, text]) => h("option", { value: each, selected: each === value }, text)));
}

/** Return a choice of few as a row of radio buttons. */
function segments(label, choices, value, onChange, name = label.toLowerCase()) {
  return h(
    "div",
    { class: "segments", role: "radiogroup", "aria-label": label },
    choices.map(([each, text]) =>
      h("label", {}, h("input", { type: "radio", name, value: each, checked: each === value, class: "visually-hidden", on: { change: () => onChange(each) } }), h("span", {}, text)),
    ),
  );
}
