// The list of providers and the keys that are stored for them, a person's own or a team's.

import { get, post } from "./api.js";
import { announce, h, replace } from "./dom.js";
import { ago, day } from "./format.js";
import { monogram, stateChip } from "./provider-marks.js";
import { providerSheet } from "./provider-sheet.js";
import { busy, button, notice } from "./ui.js";

const GROUPS = [
  { kind: "chat", title: "Models", text: "Run chat completions." },
  { kind: "search", title: "Web search", text: "Used by web search, alone and within chats." },
];

/**
 * Return the list. `base` is the route of the keys; `mayWrite` whether this person may change them; `opened` the slug
 * of a provider to open at once.
 */
export async function keyList({ base, mayWrite = true, opened, signal, teamId = null }) {
  const state = { base, mayWrite, teamId, ...(await get(base, {}, { signal })) };
  const rows = h("div", {});
  const start = h("div", { class: "start" });
  const summary = h("p", { class: "count", role: "status" });
  const search = h("input", {
    type: "search",
    placeholder: "Filter providers",
    "aria-label": "Filter providers",
    autocomplete: "off",
    on: { input: () => draw() },
  });
  const draw = () => {
    const wanted = search.value.trim().toLowerCase();
    const shown = state.providers.filter(({ name, slug }) => `${name} ${slug}`.toLowerCase().includes(wanted));
    replace(start, state.keys.length || !mayWrite ? [] : notice("info", "Begin with one: choose a provider whose key you have, and paste it. Then a model answers under “Try it”."));
    replace(rows, GROUPS.map((group) => section(group, shown.filter(({ kind }) => kind === group.kind), state, reload)));
    const stored = `${state.keys.length} of ${state.providers.length} stored`;
    summary.textContent = wanted ? `${shown.length} shown, ${stored}` : stored;
    if (!shown.length) replace(rows, h("p", { class: "nothing" }, `No provider is called “${search.value.trim()}”.`));
  };
  /** Fetch the keys anew, after a change, and bring the focus back to the provider that it was about. */
  const reload = async (slug, said) => {
    Object.assign(state, await get(base));
    draw();
    if (said) announce(said);
    state.focusOn(slug);
  };
  state.focusOn = (slug) => rows.querySelector(`[data-slug="${slug}"] .main-action`)?.focus();
  draw();
  const provider = state.providers.find(({ slug }) => slug === opened);
  if (provider) setTimeout(() => !signal.aborted && openSheet(provider, state, reload));
  return h("div", {}, h("div", { class: "toolbar" }, h("div", { class: "search" }, search), summary), start, rows);
}

function section({ title, text, kind }, providers, state, reload) {
  if (!providers.length) return null;
  const keyed = (provider) => (keyOf(state, provider) ? 0 : 1);
  const sorted = [...providers].sort((one, other) => keyed(one) - keyed(other));
  return h(
    "section",
    { "aria-labelledby": `group-${kind}` },
    h("div", { class: "section-head" }, h("h2", { id: `group-${kind}` }, title), h("p", {}, text)),
    h("ul", { class: "rows" }, sorted.map((provider) => row(provider, state, reload))),
  );
}

function row(provider, state, reload) {
  const key = keyOf(state, provider);
  const open = () => openSheet(provider, state, reload);
  const result = h("div", { class: "row-result", role: "status" });
  const label = key ? "Manage" : "Add key";
  const main = button(label, {
    kind: key ? "plain" : "quiet",
    iconName: key || !state.mayWrite ? null : "plus",
    "aria-label": `${label}: ${provider.name}`,
    onClick: open,
  });
  main.classList.add("main-action");
  return h(
    "li",
    { class: "row", data: { slug: provider.slug } },
    monogram(provider),
    h("div", { class: "row-text" }, h("h3", {}, provider.name), h("p", { class: "row-sub" }, subline(provider, key))),
    h("div", { class: "row-state" }, stateChip(key)),
    h(
      "div",
      { class: "row-actions" },
      key && state.mayWrite ? testButton(provider, state, result, reload) : null,
      state.mayWrite || key ? main : null,
    ),
    key?.last_error && key.status === "invalid" ? h("p", { class: "row-note bad-text" }, key.last_error) : null,
    result,
  );
}

function testButton(provider, state, result, reload) {
  const element = button("Test", {
    kind: "quiet",
    "aria-label": `Test the ${provider.name} key`,
    onClick: () => busy(element, async () => replace(result, await tried(provider, state, reload))),
  });
  return element;
}

/** Try the stored key with its provider; return the notice of how it went. */
async function tried(provider, state, reload) {
  try {
    const { valid, error } = await post(`${state.base}/validate`, { provider: provider.slug });
    if (valid === null) return notice("warn", error ?? `${provider.name} could not say whether the key is good. Try again later.`);
    const before = keyOf(state, provider)?.status;
    const after = valid ? "active" : "invalid";
    const said = valid ? `${provider.name} takes the key.` : `${provider.name} refuses the key. ${error ?? ""}`;
    if (before !== after) await reload(provider.slug, said);
    return notice(valid ? "good" : "bad", said);
  } catch (error) {
    return notice("bad", error.message);
  }
}

function openSheet(provider, state, reload) {
  const { base, mayWrite, teamId, focusOn } = state;
  providerSheet({
    provider,
    key: keyOf(state, provider),
    base,
    mayWrite,
    teamId,
    onChange: (said) => reload(provider.slug, said),
    onClose: () => focusOn(provider.slug),
  });
}

function keyOf(state, provider) {
  return state.keys.find((key) => key.provider === provider.slug) ?? null;
}

function subline(provider, key) {
  if (!key) return provider.slug;
  const parts = [key.name, key.last_used_at ? `used ${ago(key.last_used_at)}` : "not used yet"];
  if (key.status === "invalid") parts.push(`rejected ${ago(key.updated_at)}`);
  if (key.expires_at) parts.push(`expires ${day(key.expires_at)}`);
  return parts.filter(Boolean).join(" · ");
}
