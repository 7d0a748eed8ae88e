// The pieces that pages are made of.

import { announce, h, uniqueId } from "./dom.js";
import { icon } from "./icons.js";

/** Return a button. `kind`: primary, plain (default), quiet, danger. With an icon, and only one when `iconOnly`. */
export function button(label, { kind = "plain", iconName, iconOnly = false, onClick, type = "button", ...rest } = {}) {
  return h(
    "button",
    {
      type,
      class: `button ${kind}${iconOnly ? " icon-only" : ""}`,
      "aria-label": iconOnly ? label : null,
      title: iconOnly ? label : null,
      on: onClick ? { click: onClick } : {},
      ...rest,
    },
    iconName ? icon(iconName) : null,
    iconOnly ? null : h("span", {}, label),
  );
}

/** Return a link within the console, or out of it (in a tab of its own, which learns nothing of us). */
export function link(label, href, { className = "", iconName, external = false } = {}) {
  const outward = external ? { target: "_blank", rel: "noopener noreferrer" } : {};
  const marked = iconName || external ? `${className} with-icon` : className;
  return h(
    "a",
    { href, class: marked || null, ...outward },
    iconName ? icon(iconName) : null,
    h("span", {}, label),
    external ? [icon("external"), h("span", { class: "visually-hidden" }, " (opens a new tab)")] : null,
  );
}

/** Run `work` while a button shows that it is busy. */
export async function busy(element, work) {
  if (element.getAttribute("aria-busy") === "true") return undefined;
  element.setAttribute("aria-busy", "true");
  element.setAttribute("aria-disabled", "true");
  try {
    return await work();
  } finally {
    element.removeAttribute("aria-busy");
    element.removeAttribute("aria-disabled");
  }
}

/** Return a short state: `kind` is good, warn, bad or off. */
export function chip(text, kind = "off") {
  return h("span", { class: `chip ${kind}` }, h("span", { class: "dot", "aria-hidden": "true" }), h("span", {}, text));
}

/** Return the last characters of a secret, where it has enough that they may be shown. */
export function ending(suffix) {
  return suffix ? [" ", h("code", {}, `····${suffix}`)] : null;
}

/** Return a note within the page: `kind` is info, good, warn or bad. A bad one is read out at once. */
export function notice(kind, ...content) {
  const role = kind === "bad" ? "alert" : null;
  const sign = { good: "check", warn: "alert", bad: "alert", info: "shield" }[kind];
  return h("div", { class: `notice ${kind}`, role }, icon(sign), h("div", {}, content));
}

/** Return what stands where there is nothing yet, and says what to do. */
export function emptyState({ iconName, title, text, action }) {
  return h(
    "div",
    { class: "empty" },
    h("div", { class: "empty-sign" }, icon(iconName)),
    h("h2", {}, title),
    h("p", {}, text),
    action ?? null,
  );
}

/** Return a failed load's place, with a way to try again. */
export function failure(error, retry) {
  return notice("bad", h("p", {}, error.message), retry ? button("Try again", { onClick: retry }) : null);
}

/** Return grey lines of the height of what is on its way. */
export function skeleton(rows = 5) {
  const lines = Array.from({ length: rows }, () => h("div", { class: "skeleton-row" }));
  return h("div", { class: "skeleton", role: "status" }, h("span", { class: "visually-hidden" }, "Loading …"), lines);
}

/** Return a page's head: what it is, what it is for, and what can be done on it. */
export function pageHead(title, lead, ...actions) {
  return h(
    "header",
    { class: "page-head" },
    h("div", {}, h("h1", { tabindex: "-1" }, title), lead ? h("p", { class: "lead" }, lead) : null),
    actions.length ? h("div", { class: "page-actions" }, actions) : null,
  );
}

/** Return a button that copies what `read` returns. */
export function copyButton(read, label = "Copy") {
  const element = button(label, {
    kind: "quiet",
    iconName: "copy",
    onClick: async () => {
      let text = "Copied";
      try {
        await navigator.clipboard.writeText(read());
      } catch {
        text = "Select and copy by hand";
      }
      const words = element.querySelector("span");
      words.textContent = text;
      announce(text);
      setTimeout(() => (words.textContent = label), 2000);
    },
  });
  return element;
}

/** Return text to be copied: a key, a link, a program. */
export function codeBlock(text, label) {
  return h(
    "div",
    { class: text.includes("\n") ? "code block" : "code" },
    h("pre", { tabindex: "0", "aria-label": label, role: "region" }, h("code", {}, text)),
    copyButton(() => text),
  );
}

/** Return tabs: `entries` are `{name, label, content()}`; the content is made when it is first looked at. */
export function tabs(label, entries) {
  const panel = h("div", { role: "tabpanel", class: "tab-panel", tabindex: "-1", id: uniqueId("panel") });
  const list = h("div", { role: "tablist", class: "tablist", "aria-label": label });
  const select = (index, focus) => {
    [...list.children].forEach((tab, each) => {
      tab.setAttribute("aria-selected", String(each === index));
      tab.tabIndex = each === index ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", list.children[index].id);
    panel.replaceChildren(entries[index].content());
    if (focus) list.children[index].focus();
  };
  entries.forEach((entry, index) => {
    list.append(
      h(
        "button",
        {
          type: "button",
          role: "tab",
          id: uniqueId("tab"),
          "aria-controls": panel.id,
          on: {
            click: () => select(index),
            keydown: (event) => {
              const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
              if (step) select((index + step + entries.length) % entries.length, true);
            },
          },
        },
        entry.label,
      ),
    );
  });
  select(0);
  return h("div", { class: "tabs" }, list, panel);
}
