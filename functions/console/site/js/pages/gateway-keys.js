// Gateway keys: what programs show to this gateway.

import { del, get, patch, post, urlOf } from "../api.js";
import { announce, h, replace } from "../dom.js";
import { confirm, openDialog } from "../dialogs.js";
import { field, form } from "../forms.js";
import { ago, count, dateIn, day, endOfDay, usd } from "../format.js";
import { button, chip, codeBlock, emptyState, notice, pageHead } from "../ui.js";

export const title = "Gateway keys";

const PATH = "/api/user/gateway-keys";

/** Return the page. */
export async function render({ signal }) {
  const place = h("div", {});
  const create = () => createDialog(reload);
  const draw = (keys) => replace(place, keys.length ? list(keys, reload) : nothing(create));
  const reload = async (said) => {
    draw((await get(PATH)).keys);
    if (said) announce(said);
  };
  draw((await get(PATH, {}, { signal })).keys);
  return h(
    "div",
    { class: "page" },
    pageHead(
      "Gateway keys",
      "What your programs show to this gateway, in the place of every provider’s key. Give each program one of its own, so that one can be revoked alone.",
      button("Create a key", { kind: "primary", iconName: "plus", onClick: create }),
    ),
    place,
  );
}

function nothing(create) {
  return emptyState({
    iconName: "key",
    title: "No gateway key yet",
    text: "Create one, put it where your program keeps its OpenAI key, and point the program’s base URL here.",
    action: button("Create a key", { kind: "primary", iconName: "plus", onClick: create }),
  });
}

function list(keys, reload) {
  const newest = [...keys].sort((one, other) => other.created_at.localeCompare(one.created_at));
  return h("ul", { class: "rows" }, newest.map((key) => row(key, reload)));
}

function row(key, reload) {
  const expired = key.expires_at && new Date(key.expires_at) < Date.now();
  const facts = [`created ${ago(key.created_at)}`];
  if (key.expires_at) facts.push(`${expired ? "expired" : "expires"} ${day(key.expires_at)}`);
  return h(
    "li",
    { class: "row key-row" },
    h(
      "div",
      { class: "row-text" },
      h("h2", {}, key.name),
      h("p", { class: "row-sub" }, h("code", {}, `ok-${key.id}-…`), ` · ${facts.join(" · ")}`),
      h("p", { class: "row-sub" }, limitsOf(key)),
    ),
    h("div", { class: "row-state" }, expired ? chip("Expired", "bad") : chip("Active", "good")),
    h(
      "div",
      { class: "row-actions" },
      button("Limits", { "aria-label": `Change the limits of ${key.name}`, onClick: () => limitsDialog(key, reload) }),
      button("Revoke", { kind: "danger-quiet", "aria-label": `Revoke ${key.name}`, onClick: () => revoke(key, reload) }),
    ),
  );
}

function limitsOf(key) {
  const limits = [
    key.requests_per_day ? `${count(key.requests_per_day)} requests a day` : null,
    key.usd_per_day ? `${usd(key.usd_per_day)} a day` : null,
    key.allowed_origins.length ? `only on pages of ${key.allowed_origins.join(", ")}` : null,
  ].filter(Boolean);
  return limits.length ? limits.join(" · ") : "no limits";
}

async function revoke(key, reload) {
  const done = await confirm({
    title: `Revoke ${key.name}?`,
    text: "Programs that use it are refused from their next request on. A revoked key cannot be brought back.",
    action: "Revoke the key",
    work: () => del(PATH, { query: { id: key.id } }),
  });
  if (done) await reload(`${key.name} is revoked.`);
}

function limitFields(key = {}) {
  return [
    field({ label: "Requests a day", name: "requests_per_day", type: "number", value: key.requests_per_day ?? "", hint: "Empty for no limit. A day is a day of UTC.", attributes: { min: "1", step: "1", inputmode: "numeric" } }),
    field({ label: "US dollars a day", name: "usd_per_day", value: key.usd_per_day ?? "", hint: "What requests cost here: the fee on your own keys, the list price on the operator’s.", attributes: { inputmode: "decimal", autocomplete: "off" } }),
    field({ label: "Origins of web pages", name: "allowed_origins", value: (key.allowed_origins ?? []).join(" "), hint: "For keys within web pages: https://app.example.com, several with spaces between them.", attributes: { autocomplete: "off", spellcheck: "false" } }),
  ];
}

function limitsIn(values) {
  return {
    requests_per_day: values.requests_per_day ? Number(values.requests_per_day) : null,
    usd_per_day: values.usd_per_day || null,
    allowed_origins: values.allowed_origins ? values.allowed_origins.split(/[\s,]+/) : null,
  };
}

const nameField = (value) =>
  field({ label: "Name", name: "name", value, required: true, hint: "The program, the machine or the person that will use it.", attributes: { maxlength: "100", autocomplete: "off" } });

function createDialog(reload) {
  const content = form({
    fields: [
      nameField(""),
      field({ label: "Expires on", name: "expires_at", type: "date", hint: "Empty: it lasts until it is revoked.", attributes: { min: dateIn(1) } }),
      h("details", { class: "more" }, h("summary", {}, "Limits"), limitFields()),
    ],
    submit: "Create the key",
    onSubmit: async (values) => {
      const made = await post(PATH, { name: values.name, expires_at: endOfDay(values.expires_at), ...limitsIn(values) });
      dialog.body.replaceChildren(shown(made, () => dialog.close()));
      dialog.body.querySelector("[tabindex='-1']")?.focus();
      await reload();
    },
  });
  const dialog = openDialog({ title: "Create a gateway key", content, onClose: () => reload() });
}

/** Return the new key, for the only time. It leaves the page with the dialog. */
function shown(made, close) {
  const warning = notice("warn", "Copy it now. It is shown this once and kept nowhere.");
  warning.tabIndex = -1;
  return h(
    "div",
    { class: "stack" },
    warning,
    codeBlock(made.key, `Gateway key ${made.name}`),
    h("p", { class: "hint" }, "Use it as the API key of any OpenAI client, with this base URL:"),
    codeBlock(urlOf("/api/v1").href, "Base URL"),
    h("div", { class: "button-row" }, button("Done", { kind: "primary", onClick: close })),
  );
}

function limitsDialog(key, reload) {
  const content = form({
    fields: [nameField(key.name), ...limitFields(key)],
    submit: "Save",
    onSubmit: async (values) => {
      await patch(PATH, { name: values.name, ...limitsIn(values) }, { id: key.id });
      dialog.close();
      await reload("The limits are saved.");
    },
  });
  const dialog = openDialog({ title: key.name, content });
}
