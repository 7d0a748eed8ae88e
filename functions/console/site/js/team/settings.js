// A team's name and status, and its end.

import { del, patch } from "../api.js";
import { h } from "../dom.js";
import { confirm } from "../dialogs.js";
import { field, form } from "../forms.js";
import { day } from "../format.js";
import { go } from "../router.js";
import { busy, button, codeBlock, notice } from "../ui.js";

/** Return the tab. */
export async function render(context) {
  const { admin, owner } = context;
  return h(
    "div",
    { class: "stack wide" },
    identity(context),
    admin ? standing(context) : null,
    owner ? end(context) : null,
  );
}

function identity({ team, base, admin, refresh }) {
  const rename = form({
    className: "inline",
    fields: [field({ label: "Name", name: "name", value: team.name, required: true, attributes: { maxlength: "50", autocomplete: "off" } })],
    submit: "Rename",
    kind: "plain",
    onSubmit: async ({ name }) => {
      await patch(base, { name });
      await refresh("The team is renamed.");
    },
  });
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "identity" },
    h("h2", { id: "identity" }, "Name and id"),
    admin ? rename : h("p", {}, team.name),
    h("div", { class: "field" }, h("p", { class: "hint" }, "For the header x-team-id, when a request is to be the team’s:"), codeBlock(team.uuid, "Team id")),
    team.created_at ? h("p", { class: "hint" }, `Made on ${day(team.created_at)}.`) : null,
  );
}

function standing({ team, base, refresh }) {
  const paused = team.status === "paused";
  const change = button(paused ? "Resume the team" : "Pause the team", {
    onClick: () =>
      busy(change, async () => {
        await patch(base, { status: paused ? "active" : "paused" });
        await refresh(paused ? "The team is active again." : "The team is paused.");
      }),
  });
  const text = paused
    ? "Requests that the team would pay for are refused until it is resumed."
    : "Paused, the team pays for nothing: its requests are refused. Keys, members and rules stay as they are.";
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "standing" },
    h("div", {}, h("h2", { id: "standing" }, paused ? "The team is paused" : "Pause"), h("p", { class: "lead" }, text)),
    team.status === "suspended" ? notice("warn", "The operator has suspended this team.") : h("div", {}, change),
  );
}

function end({ team, base }) {
  const remove = button("Delete the team", {
    kind: "danger-quiet",
    iconName: "trash",
    onClick: async () => {
      const done = await confirm({
        title: `Delete ${team.name}?`,
        text: "Its provider keys are erased and its members are out, at once and for good. Type its name to go on.",
        action: "Delete the team",
        typed: { label: "Name of the team", field: "name" },
        work: (name) => del(base, { body: { name } }),
      });
      if (done) go("/team");
    },
  });
  return h(
    "section",
    { class: "card stack danger-zone", "aria-labelledby": "end" },
    h("div", {}, h("h2", { id: "end" }, "Delete"), h("p", { class: "lead" }, "To keep the team and leave it, give it to another member first.")),
    h("div", {}, remove),
  );
}
