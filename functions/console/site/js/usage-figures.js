// Rows of the usage API, summed up for charts and tables. No element is made here.

import { count, usd } from "./format.js";

const DAY_MS = 86400000;
export const MOST_SERIES = 5;

/** What can be measured: its name, its value in a row, and how it is written. */
export const METRICS = {
  spend: { label: "Spend", of: (row) => row.costUsd, format: usd },
  fee: { label: "Fee", of: (row) => Number(row.platformFee), format: usd },
  tokens: { label: "Tokens", of: (row) => row.totalTokens, format: count },
  requests: { label: "Requests", of: (row) => row.requests, format: count },
};

/** What figures can be broken down by: its name, and its value in a row. */
export const DIMENSIONS = {
  model: { label: "Model", of: (row) => row.model ?? "unknown" },
  provider: { label: "Provider", of: (row) => row.provider ?? "unknown" },
  member: { label: "Member", of: (row) => row.memberName ?? row.memberId },
  key: { label: "Gateway key", of: (row, names) => names.get(row.apiKeyId) ?? row.apiKeyId ?? "none" },
};

const COUNTS = ["requests", "inputTokens", "outputTokens", "totalTokens", "cachedInputTokens", "unknownPriced", "estimated"];
const AMOUNTS = ["costUsd", "platformFee", "listPrice"];

/** Return the first and last day of a period that ends today: a number of days, or `month`. */
export function periodOf(name, now = new Date()) {
  const to = now.toISOString().slice(0, 10);
  if (name === "month") return { from: `${to.slice(0, 8)}01`, to };
  return { from: new Date(now - (Number(name) - 1) * DAY_MS).toISOString().slice(0, 10), to };
}

/** Return every day of a period. */
export function daysOf({ from, to }) {
  const days = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS) days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

/** Return the sums of rows; `exact` has those that the API has summed up by itself. */
export function totalsOf(rows, exact = {}) {
  const sums = Object.fromEntries([...COUNTS, ...AMOUNTS].map((name) => [name, 0]));
  for (const row of rows) for (const name of Object.keys(sums)) sums[name] += Number(row[name] ?? 0);
  return { ...sums, amount: exact.amount ?? sums.costUsd };
}

/** Return rows by a dimension, the largest first: `[{name, value, share, ...sums}]`. */
export function breakdown(rows, dimension, metric, names = new Map()) {
  const groups = new Map();
  for (const row of rows) {
    const name = dimension.of(row, names);
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  const all = rows.reduce((sum, row) => sum + metric.of(row), 0);
  return [...groups]
    .map(([name, members]) => {
      const value = members.reduce((sum, row) => sum + metric.of(row), 0);
      return { name, members, value, share: all ? value / all : 0, ...totalsOf(members) };
    })
    .sort((one, other) => other.value - one.value || one.name.localeCompare(other.name));
}

/** Return what each day had of the largest groups, and of all others together: `[{name, values}]`. */
export function byDay(rows, days, groups, dimension, metric) {
  const series = groups.slice(0, MOST_SERIES).map(({ name, members }) => ({ name, values: perDay(members, days, metric) }));
  const rest = groups.slice(MOST_SERIES).flatMap(({ members }) => members);
  if (rest.length) series.push({ name: "Others", values: perDay(rest, days, metric) });
  return series;
}

function perDay(rows, days, metric) {
  const sums = new Map(days.map((day) => [day, 0]));
  for (const row of rows) sums.set(row.date, (sums.get(row.date) ?? 0) + metric.of(row));
  return days.map((day) => sums.get(day));
}
