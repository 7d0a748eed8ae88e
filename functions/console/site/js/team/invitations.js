// The ways into a team: invitations, the link that is open to all, and those who have asked.

import { del, get, patch, post } from "../api.js";
import { announce, h, replace } from "../dom.js";
import { field, form } from "../forms.js";
import { ago, day } from "../format.js";
import { addressOf } from "../router.js";
import { busy, button, chip, codeBlock, copyButton, notice } from "../ui.js";

const KINDS = { pending: "good", accepted: "off", revoked: "off", expired: "warn" };

const linkOf = (token) => addressOf(`/invitation?token=${encodeURIComponent(token)}`);

/** Return the tab. */
export async function render({ base, signal, refresh }) {
  const [{ invitations }, inviteLink, { requests }] = await Promise.all([
    get(`${base}/invitations`, {}, { signal }),
    get(`${base}/invite-link`, {}, { signal }),
    get(`${base}/join-requests`, {}, { signal }),
  ]);
  return h(
    "div",
    { class: "stack wide" },
    requests.length ? requestList(requests, base, refresh) : null,
    inviteForm(base, invitations, refresh),
    invitations.length ? invitationList(invitations, base, refresh) : null,
    openLink(inviteLink, base, refresh),
  );
}

function inviteForm(base, invitations, refresh) {
  const result = h("div", { role: "status" });
  const content = form({
    className: "invite",
    fields: [
      field({ label: "E-mail", name: "email", type: "email", required: true, attributes: { autocomplete: "off" } }),
      field({ label: "Role", name: "role", type: "select", required: true, choices: [["member", "Member"], ["admin", "Admin"]] }),
    ],
    submit: "Invite",
    onSubmit: async (values, element) => {
      const { invitation } = await post(`${base}/invitations`, values);
      element.reset();
      replace(result, invited(invitation));
      announce(`${invitation.email} is invited.`);
      result.querySelector("button")?.focus();
      if (!invitations.length) result.append(button("Show all invitations", { kind: "quiet", onClick: () => refresh() }));
    },
  });
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "invite" },
    h("div", {}, h("h2", { id: "invite" }, "Invite somebody"), h("p", { class: "lead" }, "An invitation is good for seven days and for one person.")),
    content,
    result,
  );
}

function invited({ email, token, emailed }) {
  const said = emailed
    ? `An e-mail is on its way to ${email}. This is the link, in case it gets lost:`
    : `Pass this link on to ${email}; whoever opens it may join.`;
  return notice("good", h("p", {}, said), codeBlock(linkOf(token), "Invitation link"));
}

function invitationList(invitations, base, refresh) {
  const newest = [...invitations].sort((one, other) => other.created_at.localeCompare(one.created_at));
  return section("Invitations", newest.map((each) => {
    const pending = each.status === "pending";
    const revoke = button("Revoke", {
      kind: "danger-quiet",
      "aria-label": `Revoke the invitation of ${each.email}`,
      onClick: () => busy(revoke, async () => {
        await patch(`${base}/invitations`, { id: each.id });
        await refresh(`The invitation of ${each.email} is revoked.`);
      }),
    });
    return line(
      each.email,
      `${each.role === "admin" ? "as an admin" : "as a member"} · ${pending ? `until ${day(each.expires_at)}` : `sent ${ago(each.created_at)}`}`,
      chip(each.status[0].toUpperCase() + each.status.slice(1), KINDS[each.status] ?? "off"),
      pending ? [copyButton(() => linkOf(each.token), "Copy link"), revoke] : [],
    );
  }));
}

function requestList(requests, base, refresh) {
  return section("Asked to join", requests.map((each) => {
    const decide = (action, said) => async () => {
      await patch(`${base}/join-requests`, { id: each.id, action });
      await refresh(said);
    };
    const actions = each.status === "pending"
      ? [
          button("Let in", { kind: "primary", "aria-label": `Let ${each.email} in`, onClick: decide("accept", `${each.email} is a member now.`) }),
          button("Reject", { kind: "danger-quiet", "aria-label": `Reject ${each.email}`, onClick: decide("reject", `${each.email} is rejected.`) }),
        ]
      : [button("Forget", { kind: "quiet", "aria-label": `Forget the request of ${each.email}`, onClick: async () => {
          await del(`${base}/join-requests`, { body: { id: each.id } });
          await refresh("Forgotten.");
        } })];
    return line(each.email, `asked ${ago(each.created_at)}`, each.status === "pending" ? null : chip(each.status, "off"), actions);
  }));
}

function openLink({ enabled, token }, base, refresh) {
  const change = (action, label, kind, said) => {
    const element = button(label, { kind, onClick: () => busy(element, async () => {
      await post(`${base}/invite-link`, { action });
      await refresh(said);
    }) });
    return element;
  };
  const mail = form({
    className: "inline",
    fields: [field({ label: "Send it to", name: "emails", hint: "Up to ten addresses, with commas between them.", required: true, attributes: { autocomplete: "off", inputmode: "email" } })],
    submit: "Send",
    kind: "plain",
    onSubmit: async (values, element) => {
      const emails = values.emails.split(/[\s,;]+/).filter(Boolean);
      const { emailed } = await post(`${base}/invite-link/email`, { emails });
      element.reset();
      const said = emailed ? "The link is on its way." : "Nobody sends e-mails here: pass the link on yourself.";
      element.querySelector(".form-problem").replaceChildren(notice(emailed ? "good" : "warn", said));
      announce(said);
    },
  });
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "open-link" },
    h("div", {}, h("h2", { id: "open-link" }, "A link for everybody"), h("p", { class: "lead" }, "Whoever has the link may ask to join; you let them in, or not.")),
    enabled ? [codeBlock(linkOf(token), "Invite link"), mail] : null,
    h(
      "div",
      { class: "button-row" },
      enabled ? change("enable", "Make a new link", "plain", "There is a new link; the old one is void.") : change("enable", "Open a link", "plain", "The link is open."),
      enabled ? change("disable", "Close it", "danger-quiet", "The link is closed.") : null,
    ),
  );
}

function section(title, rows) {
  const id = `list-${title.replace(/\W/g, "-").toLowerCase()}`;
  return h("section", { "aria-labelledby": id }, h("div", { class: "section-head" }, h("h2", { id }, title)), h("ul", { class: "rows" }, rows));
}

function line(name, text, state, actions) {
  return h(
    "li",
    { class: "row key-row" },
    h("div", { class: "row-text" }, h("h3", {}, name), h("p", { class: "row-sub" }, text)),
    h("div", { class: "row-state" }, state),
    h("div", { class: "row-actions" }, actions),
  );
}
