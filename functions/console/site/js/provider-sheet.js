// One provider: its key's state, the form that stores or replaces it, and how to call it.

import { del, post } from "./api.js";
import { h } from "./dom.js";
import { confirm, openDialog } from "./dialogs.js";
import { callExamples } from "./examples.js";
import { field, forgetSecrets, form } from "./forms.js";
import { ago, dateIn, day, endOfDay, moment } from "./format.js";
import { credentialFields, readCredential } from "./credential-fields.js";
import { monogram, stateChip } from "./provider-marks.js";
import { button, link, notice } from "./ui.js";

/** Open the sheet. `onChange(said)` is called after the key was stored or deleted. */
export function providerSheet({ provider, key, base, mayWrite, teamId, onChange, onClose }) {
  const stored = key ? keyFacts(key) : null;
  const place = h("div", { class: "stack" });
  const content = h("div", { class: "stack" }, stored, place);
  const dialog = openDialog({ title: provider.name, content, sheet: true, mark: monogram(provider), onClose });
  const refresh = (...nodes) => place.replaceChildren(...nodes.filter(Boolean));
  const showForm = () => refresh(keyForm());
  const showUse = (...said) => refresh(...said, actions(), example(provider, teamId));

  const keyForm = () => {
    const fields = credentialFields(provider);
    const content = form({
      fields: [
        provider.docs_url ? h("p", { class: "hint" }, link(`Where to get a key of ${provider.name}`, provider.docs_url, { external: true })) : null,
        fields,
        h("details", { class: "more" }, h("summary", {}, "Name and expiry"), nameField(key), expiryField()),
      ],
      submit: key ? "Replace the key" : "Store the key",
      aside: key ? [button("Cancel", { onClick: () => showUse() })] : [],
      fieldNames: Object.fromEntries((provider.key_format.fields ?? []).map(({ name }) => [`key.${name}`, name])),
      onSubmit: async (values, element) => {
        const body = { provider: provider.slug, key: readCredential(provider, values) };
        if (values.name) body.name = values.name;
        if (values.expires_at) body.expires_at = endOfDay(values.expires_at);
        const answer = await post(base, body);
        forgetSecrets(element);
        await onChange(`The ${provider.name} key is stored.`);
        stored?.remove();
        refresh(storedNotice(provider, answer), example(provider, teamId));
        place.querySelector(".notice")?.focus();
      },
    });
    return h("section", {}, h("h3", {}, key ? "Replace the key" : "Add a key"), content);
  };

  const actions = () =>
    mayWrite
      ? h(
          "div",
          { class: "button-row" },
          button("Replace", { onClick: showForm }),
          button("Delete", {
            kind: "danger-quiet",
            iconName: "trash",
            onClick: async () => {
              const done = await confirm({
                title: `Delete the ${provider.name} key?`,
                text: `Requests that use it fail from now on. The key itself stays valid at ${provider.name} until you revoke it there.`,
                action: "Delete the key",
                work: () => del(base, { query: { provider: provider.slug } }),
              });
              if (!done) return;
              dialog.close();
              await onChange(`The ${provider.name} key is deleted.`);
            },
          }),
        )
      : null;

  if (key) showUse();
  else showForm();
}

function keyFacts(key) {
  const facts = [
    ["State", stateChip(key)],
    key.last_error ? ["Last error", key.last_error] : null,
    key.name ? ["Name", key.name] : null,
    ["Stored", moment(key.updated_at ?? key.created_at)],
    ["Last used", key.last_used_at ? ago(key.last_used_at) : "not yet"],
    key.expires_at ? ["Expires", day(key.expires_at)] : null,
  ].filter(Boolean);
  return h("dl", { class: "facts" }, facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

function nameField(key) {
  return field({ label: "Name", name: "name", value: key?.name ?? "", hint: "For yourself: which account, which project.", attributes: { maxlength: "100", autocomplete: "off" } });
}

function expiryField() {
  return field({ label: "Use it until", name: "expires_at", type: "date", hint: "After that day it is not used any more.", attributes: { min: dateIn(1) } });
}

function storedNotice(provider, answer) {
  const ending = answer.key_suffix ? ` It ends in ${answer.key_suffix}.` : "";
  if (answer.warnings.length) {
    const warnings = h("ul", {}, answer.warnings.map((text) => h("li", {}, text)));
    const element = notice(answer.status === "active" ? "good" : "warn", h("p", {}, `The key is stored.${ending}`), warnings);
    element.tabIndex = -1;
    return element;
  }
  const element = notice("good", h("p", {}, `${provider.name} takes the key; it is sealed and stored.${ending}`));
  element.tabIndex = -1;
  return element;
}

function example(provider, teamId) {
  return h("section", {}, h("h3", {}, "Use it"), callExamples(provider, teamId), teamId ? null : tryLink(provider));
}

function tryLink(provider) {
  return provider.kind === "chat" ? h("p", { class: "below" }, link("Try it here, in the browser", "#/try", { iconName: "chat" })) : null;
}
