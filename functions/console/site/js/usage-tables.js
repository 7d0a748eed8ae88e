// Figures of usage in words and tables.

import { h } from "./dom.js";
import { count, day, inShort, usd } from "./format.js";
import { MOST_SERIES, totalsOf } from "./usage-figures.js";

/** Return the figures that matter most, large. */
export function tiles({ totals, balance }) {
  const shown = [
    ["Charged here", usd(totals.amount), `${usd(totals.platformFee)} of it fee on own keys`],
    ["Worth at list price", usd(totals.listPrice), totals.unknownPriced ? `${count(totals.unknownPriced)} requests have no known price` : "what the tokens cost at the providers"],
    ["Requests", count(totals.requests), totals.estimated ? `${count(totals.estimated)} with estimated tokens` : "all counted by the providers"],
    ["Tokens", count(totals.totalTokens), `${inShort(totals.inputTokens)} in, ${inShort(totals.outputTokens)} out`],
  ];
  if (balance !== undefined) shown.push(["Balance", usd(balance), "prepaid to the operator"]);
  return h("dl", { class: "tiles" }, shown.map(([name, value, more]) => h("div", { class: "card" }, h("dt", {}, name), h("dd", {}, value), h("dd", { class: "hint" }, more))));
}

/** Return groups as rows, each with a bar as long as its share. */
export function breakdownTable(groups, dimension, metric) {
  return table(
    [dimension.label, "Spend", "Fee", "Tokens", "Requests", "Share"],
    groups.map((group, index) => [
      h("span", { class: "series-name" }, h("span", { class: `swatch s${Math.min(index, MOST_SERIES)}`, "aria-hidden": "true" }), group.name),
      usd(group.costUsd),
      usd(group.platformFee),
      count(group.totalTokens),
      count(group.requests),
      share(group.share),
    ]),
    `Share of ${metric.label.toLowerCase()}`,
  );
}

/** Return the days as rows, newest first; days without requests are left out. */
export function dayTable(rows, days) {
  const used = [...days].reverse().filter((date) => rows.some((row) => row.date === date));
  return table(
    ["Day", "Spend", "Fee", "Tokens", "Requests"],
    used.map((date) => {
      const sums = totalsOf(rows.filter((row) => row.date === date));
      return [day(date), usd(sums.costUsd), usd(sums.platformFee), count(sums.totalTokens), count(sums.requests)];
    }),
    "By day",
  );
}

function share(part) {
  return h("span", { class: "share" }, h("span", { class: "share-bar", "aria-hidden": "true", vars: { "--share": part } }), `${Math.round(part * 100)} %`);
}

function table(heads, rows, caption) {
  return h(
    "div",
    { class: "table", tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("caption", { class: "visually-hidden" }, caption),
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, rows.map(([first, ...others]) => h("tr", {}, h("th", { scope: "row" }, first), others.map((other) => h("td", {}, other))))),
    ),
  );
}
