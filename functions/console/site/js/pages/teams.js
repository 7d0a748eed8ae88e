// The teams that somebody is in, and the ways into another.

import { get, post } from "../api.js";
import { h } from "../dom.js";
import { openDialog } from "../dialogs.js";
import { field, form } from "../forms.js";
import { icon } from "../icons.js";
import { go } from "../router.js";
import { button, chip, emptyState, pageHead } from "../ui.js";

export const title = "Team";

/** Return the page. */
export async function render({ user, signal }) {
  const { teams } = await get("/api/teams", {}, { signal });
  return h(
    "div",
    { class: "page" },
    pageHead(
      "Teams",
      "A team shares provider keys and a bill. Its admins decide whose keys run its traffic, who may use which models, and how much each may spend.",
      button("Enter an invitation", { onClick: enterDialog }),
      button("Create a team", { kind: "primary", iconName: "plus", onClick: createDialog }),
    ),
    teams.length ? list(teams, user) : nothing(),
  );
}

function nothing() {
  return emptyState({
    iconName: "team",
    title: "You are in no team yet",
    text: "Create one and invite the others, or open the link of an invitation that somebody sent you.",
    action: button("Create a team", { kind: "primary", iconName: "plus", onClick: createDialog }),
  });
}

function list(teams, user) {
  return h(
    "ul",
    { class: "rows" },
    teams.map((team) =>
      h(
        "li",
        { class: "row team-row" },
        h(
          "div",
          { class: "row-text" },
          h("h2", {}, h("a", { href: `#/team/${team.uuid}`, class: "row-link" }, team.name)),
          h("p", { class: "row-sub" }, `You are ${{ owner: "its owner", admin: "an admin", member: "a member" }[team.role]}`),
        ),
        h(
          "div",
          { class: "row-state" },
          team.uuid === user.default_team_uuid ? chip("Your default", "good") : null,
          team.status === "active" ? null : chip(team.status === "paused" ? "Paused" : "Suspended", "warn"),
        ),
        icon("next"),
      ),
    ),
  );
}

function createDialog() {
  const content = form({
    fields: [field({ label: "Name", name: "name", required: true, hint: "2 to 50 letters, digits, spaces, hyphens and underscores.", attributes: { maxlength: "50", autocomplete: "off" } })],
    submit: "Create the team",
    onSubmit: async ({ name }) => {
      const { team } = await post("/api/teams", { name });
      dialog.close();
      go(`/team/${team.uuid}`);
    },
  });
  const dialog = openDialog({ title: "Create a team", content });
}

function enterDialog() {
  const content = form({
    fields: [field({ label: "Code or link", name: "token", required: true, hint: "As the invitation says it.", attributes: { autocomplete: "off", spellcheck: "false" } })],
    submit: "Look it up",
    onSubmit: async ({ token }) => {
      dialog.close();
      go(`/invitation?token=${encodeURIComponent(token.split("token=").pop())}`);
    },
  });
  const dialog = openDialog({ title: "Enter an invitation", content });
}
