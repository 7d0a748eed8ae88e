// Who is in a team: roles, limits, what each has spent, and one's own place.

import { del, get, patch, post } from "../api.js";
import { h } from "../dom.js";
import { confirm, openDialog } from "../dialogs.js";
import { field, form } from "../forms.js";
import { ago, usd } from "../format.js";
import { go } from "../router.js";
import { note } from "../session.js";
import { button, chip, notice } from "../ui.js";
import { personMark } from "../provider-marks.js";

const ROLES = { owner: "Owner", admin: "Admin", member: "Member" };

/** Return the tab. */
export async function render(context) {
  const { base, signal } = context;
  const [{ members }, own] = await Promise.all([
    get(`${base}/members`, {}, { signal }),
    get(`${base}/members/self`, {}, { signal }),
  ]);
  return h(
    "div",
    { class: "stack wide" },
    h("ul", { class: "rows", "aria-label": "Members" }, members.map((member) => row(member, context))),
    ownPlace(own, context),
  );
}

function row(member, context) {
  const { team, user, admin } = context;
  const self = member.sessionId === user.user_id;
  const limit = member.usage_limit_usd ?? team.default_member_usage_limit_usd;
  const spent = `${usd(member.usage_usd_monthly)}${limit === null ? "" : ` of ${usd(limit)}`} this month`;
  return h(
    "li",
    { class: "row member-row" },
    personMark(member.displayName, member.sessionId),
    h(
      "div",
      { class: "row-text" },
      h("h2", {}, member.displayName, self ? h("span", { class: "muted" }, " (you)") : null),
      h("p", { class: "row-sub" }, `${member.email} · since ${ago(member.joinedAt)}`),
    ),
    h("div", { class: "row-state number row-sub" }, spent, limit ? meter(member.usage_usd_monthly, limit) : null),
    h(
      "div",
      { class: "row-actions" },
      chip(ROLES[member.role], "off"),
      admin && !(self && member.role !== "owner") ? button("Manage", { "aria-label": `Manage ${member.displayName}`, onClick: () => manage(member, context) }) : null,
    ),
  );
}

function meter(spent, limit) {
  const share = Math.min(1, spent / limit);
  const level = share >= 1 ? "bad" : share >= 0.8 ? "warn" : "good";
  return h("span", { class: `meter ${level}`, "aria-hidden": "true", vars: { "--share": share } });
}

function manage(member, context) {
  const { base, user, owner, refresh } = context;
  const self = member.sessionId === user.user_id;
  const sessionId = member.sessionId;
  const done = async (said) => {
    dialog.close();
    await refresh(said);
  };
  const role = form({
    fields: [
      field({ label: "Role", name: "role", type: "select", value: member.role, required: true, choices: [["member", "Member: uses keys and budget"], ["admin", "Admin: also manages the team"]] }),
    ],
    submit: "Change the role",
    kind: "plain",
    onSubmit: async (values) => {
      await patch(`${base}/members`, { sessionId, role: values.role });
      await done(`${member.displayName} is ${values.role === "admin" ? "an admin" : "a member"} now.`);
    },
  });
  const enforced = member.usage_limit_enforced === null ? "" : String(member.usage_limit_enforced);
  const limits = form({
    fields: [
      field({ label: "US dollars a month", name: "usage_limit_usd", value: member.usage_limit_usd ?? "", hint: "Empty: the team’s limit for members holds.", attributes: { inputmode: "decimal", autocomplete: "off" } }),
      field({ label: "When it is reached", name: "usage_limit_enforced", type: "select", value: enforced, choices: [["", "As the team’s rules say"], ["true", "Refuse further requests"], ["false", "Only show it"]] }),
    ],
    submit: "Save the limit",
    kind: "plain",
    onSubmit: async (values) => {
      await patch(`${base}/members`, {
        sessionId,
        usage_limit_usd: values.usage_limit_usd || null,
        usage_limit_enforced: values.usage_limit_enforced === "" ? null : values.usage_limit_enforced === "true",
      });
      await done("The limit is saved.");
    },
  });
  const content = h(
    "div",
    { class: "stack wide" },
    h("p", { class: "muted" }, member.email),
    member.role === "owner" || self ? null : h("section", {}, h("h3", {}, "Role"), role),
    h("section", {}, h("h3", {}, "Limit"), limits),
    member.role === "owner" || self ? null : h("div", { class: "button-row" }, owner ? transferButton(member, context, () => dialog.close()) : null, removeButton(member, context, () => dialog.close())),
  );
  const dialog = openDialog({ title: member.displayName, content, mark: personMark(member.displayName, sessionId), sheet: true });
}

function removeButton(member, { base, team, refresh }, close) {
  return button("Remove from the team", {
    kind: "danger-quiet",
    onClick: async () => {
      const removed = await confirm({
        title: `Remove ${member.displayName}?`,
        text: `They lose the keys and the budget of ${team.name} at once. Keys of their own stay theirs.`,
        action: "Remove",
        work: () => del(`${base}/members`, { body: { sessionId: member.sessionId } }),
      });
      if (!removed) return;
      close();
      await refresh(`${member.displayName} is no member any more.`);
    },
  });
}

function transferButton(member, { base, team, refresh }, close) {
  return button("Make the owner", {
    onClick: async () => {
      const given = await confirm({
        title: `Give ${team.name} to ${member.displayName}?`,
        text: "They own the team and pay for it from now on; you become an admin.",
        action: "Transfer the team",
        work: () => post(`${base}/owner`, { sessionId: member.sessionId }),
      });
      if (!given) return;
      close();
      await refresh(`${member.displayName} owns ${team.name} now.`);
    },
  });
}

function ownPlace(own, { base, team, owner, refresh }) {
  const limit = own.effective_usage_limit_usd;
  const manner = own.effective_usage_limit_enforced ? "Requests beyond it are refused." : "It is shown, and not enforced.";
  const preferences = form({
    fields: [
      field({ label: "This team pays for my requests", name: "bill_to_team", type: "checkbox", value: own.bill_to_team, hint: "For those that name no other team; it becomes your default team. Otherwise you pay for them yourself." }),
      field({ label: "Name within the team", name: "name", value: own.name ?? "", attributes: { maxlength: "100", autocomplete: "name" } }),
    ],
    submit: "Save",
    kind: "plain",
    onSubmit: async (values) => {
      await patch(`${base}/members/self`, { bill_to_team: values.bill_to_team, ...(values.name ? { name: values.name } : {}) });
      if (values.bill_to_team) {
        await patch("/api/user/default-team", { team_uuid: team.uuid });
        note({ default_team_uuid: team.uuid });
      }
      await refresh("Saved.");
    },
  });
  const leave = button("Leave the team", {
    kind: "danger-quiet",
    onClick: async () => {
      const left = await confirm({
        title: `Leave ${team.name}?`,
        text: "You lose its keys and its budget at once. Somebody has to invite you to come back.",
        action: "Leave",
        work: () => post(`${base}/leave`),
      });
      if (left) go("/team");
    },
  });
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "own-place" },
    h("h2", { id: "own-place" }, "Your place in this team"),
    limit === null ? null : notice("info", `You may spend ${usd(limit)} a month here. ${manner}`),
    preferences,
    owner ? null : h("div", {}, leave),
  );
}
