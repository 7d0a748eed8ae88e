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
  const known = names.get(target);
  const who = WITHOUT_TARGET.test(action) ? null : known ?? target;
  return h(
    "li",
    {},
    h("time", { datetime: at, title: moment(at) }, ago(at)),
    h(
      "div",
      {},
      h("p", {}, h("strong", {}, names.get(actor) ?? "Somebody"), ` ${sentence(action)}`, who ? [" ", h(known ? "span" : "code", {}, who)] : null),
      facts.length || address ? h("p", { class: "row-sub" }, [...facts, address ? `from ${address}` : null].filter(Boolean).join(" · ")) : null,
    ),
  );
}

// What was done, before and after the name of what it was done to.
const WORDS = {
  "account.created": "made this account",
  "account.deleted": "deleted this account",
  "account.default_team_changed": "changed the default team",
  "account.password_reset": "set a new password",
  "gateway_key.created": "created the gateway key",
  "gateway_key.changed": "changed the gateway key",
  "gateway_key.revoked": "revoked the gateway key",
  "provider_key.stored": "stored the provider key of",
  "provider_key.deleted": "deleted the provider key of",
  "team.created": "made the team",
  "team.changed": "changed the team",
  "team.deleted": "deleted the team",
  "team.owner_changed": "gave the team to",
  "team.settings_changed": "changed the limits",
  "team.allowed_models_changed": "changed the allowed models",
  "team.byok_changed": "changed the use of the team’s keys",
  "team.invite_link_changed": "changed the link for everybody",
  "invitation.created": "invited",
  "invitation.revoked": "revoked the invitation of",
  "invitation.accepted": "came in by the invitation of",
  "join_request.created": "asked to join",
  "join_request.withdrawn": "took back the request to join",
  "join_request.accepted": "let in",
  "join_request.rejected": "rejected the request of",
  "join_request.deleted": "removed the request of",
  "member.role_changed": "changed the role of",
  "member.limits_changed": "changed the limit of",
  "member.preferences_changed": "changed the preferences of",
  "member.removed": "removed",
  "member.left": "left the team",
};

// Where the words say it all, or the one who did it is the one it was done to.
const WITHOUT_TARGET = /^(account|team)\.(?!owner)|^member\.left|^join_request\.(created|withdrawn)/;

function sentence(action) {
  return WORDS[action] ?? action.replace(/[._]/g, " ");
}

function worded(value) {
  return { True: "yes", False: "no", None: "none", "": "none" }[value] ?? value;
}
