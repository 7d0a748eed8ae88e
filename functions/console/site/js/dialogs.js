// Dialogs: the browser's own, which keep the focus inside, close by Escape and give the focus back.

import { h, uniqueId } from "./dom.js";
import { field, form } from "./forms.js";
import { button } from "./ui.js";

/**
 * Open a dialog and return `{close, body}`. `content` is a node; `sheet` puts it at the side of a wide screen.
 * `onClose` is called once it is closed, however that came about. A dialog closes when the page is left.
 */
export function openDialog({ title, content, sheet = false, onClose, mark }) {
  const titleId = uniqueId("dialog");
  const body = h("div", { class: "dialog-body" }, content);
  const heading = h("h2", { id: titleId, tabindex: "-1", autofocus: true }, title);
  const close = () => element.close();
  const element = h(
    "dialog",
    { class: sheet ? "sheet" : "", "aria-labelledby": titleId },
    h(
      "div",
      { class: "dialog-head" },
      mark ?? null,
      heading,
      button("Close", { kind: "quiet", iconOnly: true, iconName: "close", onClick: close }),
    ),
    body,
  );
  element.addEventListener("click", (event) => {
    if (event.target === element) close();
  });
  element.addEventListener("close", () => {
    window.removeEventListener("hashchange", close);
    element.remove();
    onClose?.();
  });
  window.addEventListener("hashchange", close);
  document.body.append(element);
  element.showModal();
  return { close, body, element };
}

/**
 * Ask before something that cannot be undone. `work` does it; what it throws is shown in the dialog. With `typed`, that
 * text has to be typed first, and is given to `work`. Resolves to whether it was done.
 */
export function confirm({ title, text, action, work, typed }) {
  return new Promise((resolve) => {
    let done = false;
    const cancel = button("Cancel", { onClick: () => dialog.close() });
    const fields = [h("p", {}, text)];
    if (typed) {
      fields.push(field({ label: typed.label, name: "typed", required: true, attributes: { autocomplete: "off" } }));
    }
    const content = form({
      fields,
      submit: action,
      kind: "danger",
      aside: [cancel],
      fieldNames: typed ? { [typed.field]: "typed" } : {},
      onSubmit: async (values) => {
        await work(values.typed);
        done = true;
        dialog.close();
      },
    });
    const dialog = openDialog({ title, content, onClose: () => resolve(done) });
  });
}
