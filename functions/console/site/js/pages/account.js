// One's own account: who one is, what was changed, and its end.

import { del } from "../api.js";
import { auditList } from "../audit-list.js";
import { h } from "../dom.js";
import { confirm } from "../dialogs.js";
import { go } from "../router.js";
import { forget } from "../session.js";
import { button, link, pageHead } from "../ui.js";

export const title = "Account";

/** Return the page. */
export async function render({ user, signal }) {
  const trail = await auditList({ path: "/api/user/audit", names: new Map([[user.user_id, "You"]]), signal });
  return h(
    "div",
    { class: "page" },
    pageHead("Account", `You are signed in as ${user.email}.`),
    h("section", { class: "stack", "aria-labelledby": "trail" }, h("h2", { id: "trail" }, "What was changed"), trail),
    h(
      "section",
      { class: "card stack danger-zone", "aria-labelledby": "end" },
      h(
        "div",
        {},
        h("h2", { id: "end" }, "Delete the account"),
        h("p", { class: "lead" }, "Your provider keys are erased and your gateway keys end at once. Teams that you own have to be given away or deleted first: ", link("see your teams", "#/team"), "."),
      ),
      h("div", {}, button("Delete the account", { kind: "danger-quiet", iconName: "trash", onClick: () => remove(user) })),
    ),
  );
}

async function remove(user) {
  const done = await confirm({
    title: "Delete your account?",
    text: "Everything of yours here is erased for good. Type your e-mail address to go on.",
    action: "Delete the account",
    typed: { label: "Your e-mail address", field: "confirm" },
    work: (typed) => del("/api/user", { body: { confirm: typed } }),
  });
  if (!done) return;
  forget();
  go("/", { replaceHistory: true });
}
