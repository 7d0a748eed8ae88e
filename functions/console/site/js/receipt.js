// What an answer took: who gave it, on whose key, how fast, how many tokens, and what is owed for it here.

import { h } from "./dom.js";
import { count, usd } from "./format.js";
import { ending } from "./ui.js";

const WHOSE = { user: "your key", team: "the team’s key", platform: "the operator’s key" };

/** Return the facts below an answer. `clock` has `start`, `first` and `end` in milliseconds. */
export function receipt({ provider, credential, suffix, pricing }, clock, names) {
  const facts = [
    ["Provider", names.get(provider) ?? provider],
    ["Credential", [WHOSE[credential] ?? credential, ending(suffix)]],
    ["First token", clock.first ? seconds(clock.first - clock.start) : "none"],
    ["Whole answer", seconds(clock.end - clock.start)],
  ];
  if (pricing) {
    facts.push(["Tokens", `${count(pricing.inputTokens)} in, ${count(pricing.outputTokens)} out`]);
    facts.push([pricing.byok ? "Fee" : "Price", pricing.amount === null ? "price unknown" : usd(pricing.amount)]);
  }
  return h(
    "div",
    { class: "receipt" },
    h("dl", {}, facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    pricing ? h("details", { class: "whole-receipt" }, h("summary", {}, "Receipt"), rows(pricing)) : null,
  );
}

function rows(pricing) {
  const shown = [
    ["Request", pricing.requestId],
    ["List price at the provider", pricing.listPrice === null ? "unknown" : `$${pricing.listPrice}`],
    ["Fee of this gateway", pricing.platformFee === null ? "unknown" : `$${pricing.platformFee}`],
    ["Charged here", pricing.amount === null ? "unknown" : `$${pricing.amount}`],
    pricing.webSearch ? ["Of it, the web search", `$${pricing.webSearch.amount ?? "unknown"} to ${pricing.webSearch.provider}`] : null,
    ["Cached input tokens", count(pricing.cachedInputTokens ?? 0)],
    ["Billed to", pricing.billedToTeam ? pricing.billedTeamName || "your team" : "you"],
  ].filter(Boolean);
  return h("dl", { class: "facts" }, shown.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

function seconds(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
