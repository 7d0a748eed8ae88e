// A team's rules: whose keys run its traffic, which models, and how much may be spent.

import { get, patch } from "../api.js";
import { combobox } from "../combobox.js";
import { announce, h, replace, uniqueId } from "../dom.js";
import { field, form } from "../forms.js";
import { button, notice } from "../ui.js";

const MODES = [
  {
    value: "disabled",
    label: "Not at all",
    text: "The team’s keys are not used. Requests run on the operator’s keys, and on a member’s own keys when the request asks for that.",
  },
  {
    value: "prefer_team",
    label: "Where there is one",
    text: "Requests that the team pays for run on the team’s key of the provider, unasked. Where there is none they run on the operator’s key; a member’s own key is used only when the request asks for it.",
  },
  {
    value: "require_team",
    label: "Always",
    text: "Requests that the team pays for run on the team’s keys and no others. Where there is none they are refused: never a member’s own key, never the operator’s.",
  },
];

/** Return the tab. */
export async function render({ team, base, admin, signal, refresh }) {
  const [{ allowed_models: allowed }, { data: models }] = await Promise.all([
    get(`${base}/allowed-models`, {}, { signal }),
    get("/api/v1/models", {}, { signal }),
  ]);
  const parts = [modes(team, base, refresh), limits(team, base, refresh), allowedModels(allowed, models, base)];
  if (admin) return h("div", { class: "stack wide" }, parts);
  const readOnly = h("fieldset", { disabled: true, class: "stack wide" }, parts);
  for (const actions of readOnly.querySelectorAll(".form-actions")) actions.remove();
  return h("div", { class: "stack wide" }, notice("info", "The owner and the admins of the team change these rules."), readOnly);
}

function card(title, lead, ...content) {
  const id = uniqueId("rules");
  return h("section", { class: "card stack", "aria-labelledby": id }, h("div", {}, h("h2", { id }, title), h("p", { class: "lead" }, lead)), content);
}

function modes(team, base, refresh) {
  const choices = MODES.map(({ value, label, text }) => {
    const id = uniqueId("mode");
    const input = h("input", { type: "radio", name: "byok_mode", id, value, checked: value === team.byok_mode, "aria-describedby": `${id}-text` });
    return h("div", { class: "choice" }, input, h("div", {}, h("label", { for: id }, label), h("p", { class: "hint", id: `${id}-text` }, text)));
  });
  const content = form({
    fields: [h("fieldset", {}, h("legend", { class: "visually-hidden" }, "When the team’s own keys are used"), choices)],
    submit: "Save the mode",
    onSubmit: async (_, element) => {
      const { value } = element.querySelector("input:checked");
      await patch(`${base}/byok-settings`, { byok_mode: value });
      await refresh("The mode is saved. It holds from the next request on.");
    },
  });
  return card("Use the team’s own keys", "Whose provider keys run the requests that the team pays for.", content);
}

function limits(team, base, refresh) {
  const amount = (name, label, value, hint) =>
    field({ label, name, value: value ?? "", hint, attributes: { inputmode: "decimal", autocomplete: "off" } });
  const content = form({
    fields: [
      h(
        "div",
        { class: "two" },
        amount("team_usage_limit_usd", "The team, US dollars a month", team.usage_limit_usd, "Empty for no limit."),
        amount("default_member_usage_limit_usd", "Each member, US dollars a month", team.default_member_usage_limit_usd, "For those without a limit of their own."),
      ),
      field({ label: "Refuse requests beyond a limit", name: "usage_limit_enforced", type: "checkbox", value: team.usage_limit_enforced, hint: "Otherwise limits are shown and not enforced." }),
    ],
    submit: "Save the limits",
    onSubmit: async (values) => {
      await patch(`${base}/settings`, {
        team_usage_limit_usd: values.team_usage_limit_usd || null,
        default_member_usage_limit_usd: values.default_member_usage_limit_usd || null,
        usage_limit_enforced: values.usage_limit_enforced,
      });
      await refresh("The limits are saved.");
    },
  });
  return card("Monthly limits", "What requests may cost here in a calendar month (UTC).", content);
}

function allowedModels(allowed, models, base) {
  const chosen = new Set(Object.entries(allowed ?? {}).filter(([, yes]) => yes).map(([id]) => id));
  const list = h("ul", { class: "tags", "aria-label": "Allowed models" });
  const add = combobox({ label: "Add a model", name: "add-model", options: models.map(({ id }) => ({ value: id })), placeholder: "maker/model" });
  const some = h("div", { class: "stack" }, list, h("div", { class: "with-button" }, add.element, button("Add", { onClick: () => put(add.input.value.trim()) })));
  const put = (id) => {
    if (!id) return;
    chosen.add(id);
    add.input.value = "";
    add.input.focus();
    announce(`${id} is in the list.`);
    draw();
  };
  const draw = () =>
    replace(
      list,
      chosen.size
        ? [...chosen].sort().map((id) => h("li", {}, id, button(`Remove ${id}`, { kind: "quiet", iconOnly: true, iconName: "close", onClick: () => (chosen.delete(id), draw()) })))
        : h("li", { class: "none" }, "None: every request of a member is refused."),
    );
  draw();
  const all = field({ label: "All models", name: "all", type: "checkbox", value: allowed === null, hint: "Also those that come later." });
  const box = all.querySelector("input");
  const follow = () => (some.hidden = box.checked);
  box.addEventListener("change", follow);
  follow();
  const content = form({
    fields: [all, some],
    submit: "Save the models",
    onSubmit: async (values) => {
      await patch(`${base}/allowed-models`, { allowed_models: values.all ? null : Object.fromEntries([...chosen].map((id) => [id, true])) });
      announce("The models are saved.");
    },
  });
  return card("Allowed models", "Which models members may use on the team’s account. The owner may use all.", content);
}
