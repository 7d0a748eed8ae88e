// Forms: labelled fields, what is wrong beside the field that it is about, and a button that shows that it works.

import { h, uniqueId } from "./dom.js";
import { busy, button, notice } from "./ui.js";

/**
 * Return a labelled field.
 *
 * `options`: `label`, `name`, `type` (text, email, password, number, date, select, textarea, checkbox), `value`,
 * `hint`, `required`, `choices` ([value, label] of a select), and attributes of the control in `attributes`.
 */
export function field({ label, name, type = "text", value = "", hint, required = false, choices = [], attributes = {} }) {
  const id = uniqueId(name);
  const hintId = `${id}-hint`;
  const errorId = `${id}-error`;
  const described = [hint ? hintId : null, errorId].filter(Boolean).join(" ");
  const common = { id, name, required, "aria-describedby": described, ...attributes };
  const error = h("p", { class: "field-error", id: errorId });
  const said = hint ? h("p", { class: "hint", id: hintId }, hint) : null;
  if (type === "checkbox") {
    const control = h("input", { type, checked: Boolean(value), ...common });
    return h("div", { class: "field check" }, control, h("div", {}, h("label", { for: id }, label), said, error));
  }
  const control =
    type === "select"
      ? h("select", common, choices.map(([each, text]) => h("option", { value: each, selected: each === value }, text)))
      : h(type === "textarea" ? "textarea" : "input", { ...(type === "textarea" ? {} : { type }), ...common, value });
  const optional = required ? null : h("span", { class: "optional" }, " optional");
  const shown = type === "password" ? withReveal(control, label) : control;
  return h("div", { class: "field" }, h("label", { for: id }, label, type === "select" ? null : optional), shown, said, error);
}

/**
 * Return a field for a secret: hidden, kept out of password managers, spell checkers and this browser's memory.
 * For passwords of people use `field` with type password and `autocomplete`.
 */
export function secretField(options) {
  const attributes = {
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    "data-1p-ignore": true,
    "data-lpignore": "true",
    ...options.attributes,
  };
  return field({ ...options, type: "password", attributes });
}

/**
 * Return a form.
 *
 * `submit` names its button; `onSubmit(values, form)` does the work, and what it throws is shown: beside the field
 * that the error names (`fieldNames` maps the API's names to ours), or above the button.
 */
export function form({ fields, submit, kind = "primary", onSubmit, aside = [], fieldNames = {}, className = "" }) {
  const problem = h("div", { class: "form-problem" });
  const send = button(submit, { kind, type: "submit" });
  const element = h(
    "form",
    { class: `form ${className}`, novalidate: true, autocomplete: "on" },
    fields,
    problem,
    h("div", { class: "form-actions" }, send, aside),
  );
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    clearErrors(element, problem);
    if (!complete(element)) return;
    busy(send, async () => {
      try {
        await onSubmit(valuesOf(element), element);
      } catch (error) {
        if (error.name !== "AbortError") showError(element, problem, error, fieldNames);
      }
    });
  });
  return element;
}

/** Return what a form holds: texts trimmed (secrets are not), checkboxes as true or false. */
export function valuesOf(element) {
  const values = {};
  for (const control of element.elements) {
    if (!control.name) continue;
    if (control.type === "checkbox") values[control.name] = control.checked;
    else values[control.name] = "secret" in control.dataset ? control.value : control.value.trim();
  }
  return values;
}

/** Empty every control that holds a secret. */
export function forgetSecrets(element) {
  for (const control of element.querySelectorAll("[data-secret]")) control.value = "";
}

/** Show an error at a field of a form, by its name, and go there. */
export function showFieldError(element, name, message) {
  const control = element.elements[name];
  control.setAttribute("aria-invalid", "true");
  document.getElementById(`${control.id}-error`).textContent = message;
  control.focus(); // and with it, those who listen hear the message, which describes the field
}

function complete(element) {
  for (const control of element.elements) {
    if (!control.willValidate || control.validity.valid) continue;
    const label = element.querySelector(`label[for="${control.id}"]`)?.firstChild?.textContent ?? "This";
    const { valueMissing } = control.validity;
    showFieldError(element, control.name, valueMissing ? `${label} is needed.` : control.validationMessage);
    return false;
  }
  return true;
}

function showError(element, problem, error, fieldNames) {
  const name = fieldNames[error.field] ?? error.field;
  const control = name ? element.elements[name] : null;
  if (control?.id && control.type !== "hidden") showFieldError(element, name, error.message);
  else problem.replaceChildren(notice("bad", error.message));
}

function clearErrors(element, problem) {
  problem.replaceChildren();
  for (const control of element.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  for (const text of element.querySelectorAll(".field-error")) text.textContent = "";
}

function withReveal(control, label) {
  const reveal = button("Show", {
    kind: "quiet",
    "aria-label": `Show ${label}`,
    onClick: () => {
      const hidden = control.type === "password";
      control.type = hidden ? "text" : "password";
      reveal.querySelector("span").textContent = hidden ? "Hide" : "Show";
      reveal.setAttribute("aria-label", `${hidden ? "Hide" : "Show"} ${label}`);
    },
  });
  control.dataset.secret = "";
  return h("div", { class: "with-reveal" }, control, reveal);
}
