// A trail of changes, newest first.

import { get } from "./api.js";
import { h } from "./dom.js";
import { ago, moment } from "./format.js";
import { busy, button, emptyState } from "./ui.js";

const PAGE = 50;

/** Return the list of a trail. `names` has people's names by id. */
export async function auditList({ path, names, signal }) {
  const list = h("ol", { class: "trail" });
  const older = button("Show older", { onClick: () => busy(older, () => load()) });
  let before = null;
  const load = async () => {
    const page = await get(path, { limit: PAGE, before }, { signal });
    list.append(...page.records.map((record) => row(record, names)));
    before = page.before;
    older.hidden = before === null;
  };
  await load();
  if (!list.children.length) {
    return emptyState({ iconName: "shield", title: "Nothing has changed yet", text: "Changes of keys, members and rules are listed here, with who made them and from where." });
  }
  return h("div", { class: "stack" }, list, h("div", {}, older));
}

function row({ at, actor, action, target, details, source_ip: address }, names) {
  const facts = Object.entries(details).map(([name, value]) => `${name.replaceAll("_", " ")}: ${worded(value)}`);
  const who = names.get(target) ?? target;
  return h(
    "li",
    {},
    h("time", { datetime: at, title: moment(at) }, ago(at)),
    h(
      "div",
      {},
      h("p", {}, h("strong", {}, names.get(actor) ?? "Somebody"), ` ${sentence(action)}`, who ? h("span", { class: "target" }, ` ${who}`) : null),
      facts.length || address ? h("p", { class: "row-sub" }, [...facts, address ? `from ${address}` : null].filter(Boolean).join(" · ")) : null,
    ),
  );
}

/** Return an action such as `member.role_changed` in words: role changed of member. */
function sentence(action) {
  const [subject, verb] = action.split(".");
  return `${verb.replaceAll("_", " ")} · ${subject.replaceAll("_", " ")}`;
}

function worded(value) {
  if (value === null || value === "") return "none";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
