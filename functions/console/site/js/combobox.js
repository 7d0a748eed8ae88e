// A text field with suggestions: type to narrow them, arrows to choose, or write something that is not among them.

import { h, replace, uniqueId } from "./dom.js";

const MOST_SHOWN = 500;

/**
 * Return `{element, input}`. `options` are `{value, detail}`; `onChange(value)` is called when one is chosen or
 * something else was written.
 */
export function combobox({ label, name, options, value = "", placeholder = "", onChange = () => {} }) {
  const id = uniqueId(name);
  const listId = `${id}-list`;
  let shown = [];
  let active = -1;
  const list = h("ul", { id: listId, role: "listbox", class: "options", "aria-label": label, hidden: true });
  const input = h("input", {
    id,
    name,
    value,
    placeholder,
    role: "combobox",
    "aria-expanded": "false",
    "aria-controls": listId,
    "aria-autocomplete": "list",
    autocomplete: "off",
    spellcheck: "false",
  });
  const open = (all) => {
    const wanted = all ? "" : input.value.trim().toLowerCase();
    shown = options.filter((option) => option.value.toLowerCase().includes(wanted)).slice(0, MOST_SHOWN);
    replace(list, shown.map(row));
    active = -1;
    list.hidden = shown.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    input.removeAttribute("aria-activedescendant");
    const chosen = list.querySelector("[aria-selected=true]");
    if (chosen) list.scrollTop = chosen.offsetTop - 4;
  };
  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (option) => {
    input.value = option.value;
    close();
    onChange(input.value);
  };
  const row = (option, index) =>
    h(
      "li",
      {
        role: "option",
        id: `${id}-${index}`,
        "aria-selected": String(option.value === input.value),
        // Before the field loses the focus, which would close the list under the pointer.
        on: { mousedown: (event) => event.preventDefault(), click: () => choose(option) },
      },
      h("span", {}, option.value),
      option.detail ? h("span", { class: "muted" }, option.detail) : null,
    );
  const move = (step) => {
    if (list.hidden) return open(true);
    active = (active + step + shown.length) % shown.length;
    [...list.children].forEach((each, index) => each.classList.toggle("active", index === active));
    list.children[active].scrollIntoView({ block: "nearest" });
    return input.setAttribute("aria-activedescendant", list.children[active].id);
  };
  input.addEventListener("input", () => {
    open(false);
    onChange(input.value.trim());
  });
  input.addEventListener("click", () => (list.hidden ? open(true) : close()));
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Enter" && active >= 0 && !list.hidden) choose(shown[active]);
    else if (event.key === "Escape" && !list.hidden) close();
    else return;
    event.preventDefault();
  });
  const element = h("div", { class: "field combobox" }, h("label", { for: id }, label), input, list);
  return { element, input };
}
