// Try it: a chat on one's stored keys, with what each answer took.

import { get } from "../api.js";
import { conversation } from "../chat.js";
import { combobox } from "../combobox.js";
import { h } from "../dom.js";
import { field } from "../forms.js";
import { usd } from "../format.js";
import { dropTryKey } from "../try-key.js";
import { emptyState, link, pageHead } from "../ui.js";

export const title = "Try it";

// Good and cheap ones first, where several would do.
const FAVOURITES = [/gpt-4\.1-mini$/, /gpt-5.*-mini$/, /claude-haiku/, /gemini.*flash/, /gpt-oss-120b/, /llama-3\.3-70b/i, /deepseek/i];

/** Return the page. */
export async function render({ signal, onLeave }) {
  const [{ data: models }, { keys, providers }] = await Promise.all([
    get("/api/v1/models", { byok: true, detailed: true }, { signal }),
    get("/api/user/provider-keys", {}, { signal }),
  ]);
  const names = new Map(providers.map(({ slug, name }) => [slug, name]));
  const usable = keys.filter((key) => providers.some(({ slug, kind }) => slug === key.provider && kind === "chat"));
  const head = pageHead("Try it", "Ask a model through your own keys, and see who answered, how fast, and what it cost.");
  if (!usable.length) return h("div", { class: "page" }, head, nothing());
  onLeave(dropTryKey);
  const choices = [["", "Any that runs it"], ...usable.map(({ provider }) => [provider, names.get(provider)])];
  const model = combobox({
    label: "Model",
    name: "model",
    value: favourite(models),
    placeholder: "provider/model",
    options: models.map((each) => ({ value: each.id, detail: priceOf(each) })),
  });
  const provider = field({ label: "Provider", name: "provider", type: "select", choices, required: true });
  const select = provider.querySelector("select");
  const engines = keys.filter((key) => !usable.includes(key)).map((key) => names.get(key.provider));
  const search = engines.length ? field({ label: "Search the web first", name: "search", type: "checkbox", hint: `With your key of ${engines.join(" or ")}.` }) : null;
  return h(
    "div",
    { class: "page try-page" },
    head,
    h("div", { class: "try-choices" }, model.element, provider, search),
    models.length ? null : h("p", { class: "hint" }, "The catalog does not know the models behind your keys. Write one as provider/model, or choose its provider."),
    conversation({ choice: () => ({ model: model.input.value.trim(), provider: select.value, search: Boolean(search?.querySelector("input").checked) }), names, signal }),
  );
}

function nothing() {
  return emptyState({
    iconName: "chat",
    title: "First, a provider key",
    text: "Models run on the keys that you store. Add one, and come back: the models that it can run are here then.",
    action: link("Add a provider key", "#/provider-keys", { className: "button primary" }),
  });
}

function favourite(models) {
  for (const pattern of FAVOURITES) {
    const found = models.find(({ id }) => pattern.test(id));
    if (found) return found.id;
  }
  return models[0]?.id ?? "";
}

function priceOf({ pricing }) {
  if (pricing?.prompt === undefined || pricing?.completion === undefined) return "";
  return `${usd(pricing.prompt)} in · ${usd(pricing.completion)} out per million`;
}
