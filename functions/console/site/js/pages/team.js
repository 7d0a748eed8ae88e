// One team: its head, and the tabs below it.

import { get, patch } from "../api.js";
import { announce, h } from "../dom.js";
import { note } from "../session.js";
import { busy, button, chip, link } from "../ui.js";

export const title = "Team";

const TABS = [
  { name: "members", label: "Members" },
  { name: "keys", label: "Provider keys" },
  { name: "rules", label: "Rules and limits" },
  { name: "invitations", label: "Invitations", admins: true },
  { name: "audit", label: "Audit", admins: true },
  { name: "settings", label: "Settings" },
];

/** Return the page. */
export async function render({ params, user, signal, refresh }) {
  const base = `/api/teams/${params.team}`;
  const { team } = await get(base, {}, { signal });
  const admin = team.role !== "member";
  const shown = TABS.filter((tab) => admin || !tab.admins);
  const { name } = shown.find((tab) => tab.name === params.tab) ?? shown[0];
  const tab = await import(`../team/${name}.js`);
  const context = { team, base, user, admin, owner: team.role === "owner", signal, refresh };
  const parts = h(
    "nav",
    { class: "tablist", "aria-label": `Parts of ${team.name}` },
    shown.map((each) =>
      h("a", { href: `#/team/${team.uuid}/${each.name}`, "aria-current": each.name === name ? "page" : null }, each.label),
    ),
    h("a", { href: `#/usage?team=${team.uuid}` }, "Usage"),
  );
  const content = await tab.render(context);
  // On a narrow screen the tabs scroll; the chosen one is to be seen.
  requestAnimationFrame(() => parts.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }));
  return h("div", { class: "page" }, head(team, user), parts, content);
}

function head(team, user) {
  const isDefault = team.uuid === user.default_team_uuid;
  const toggle = button(isDefault ? "Stop using it as my default" : "Make it my default", {
    kind: "quiet",
    onClick: () =>
      busy(toggle, async () => {
        const wanted = isDefault ? null : team.uuid;
        await patch("/api/user/default-team", { team_uuid: wanted });
        note({ default_team_uuid: wanted });
        const fresh = head(team, { ...user, default_team_uuid: wanted });
        element.replaceWith(fresh);
        fresh.querySelector("button").focus();
        announce(wanted ? `${team.name} is your default team.` : "You have no default team.");
      }),
  });
  const element = h(
    "header",
    { class: "team-head" },
    link("All teams", "#/team", { className: "back", iconName: "back" }),
    h("h1", { tabindex: "-1" }, team.name),
    h(
      "div",
      { class: "team-facts" },
      chip({ owner: "You own it", admin: "You are an admin", member: "You are a member" }[team.role], "off"),
      team.status === "active" ? chip("Active", "good") : chip(team.status === "paused" ? "Paused" : "Suspended", "warn"),
      isDefault ? chip("Your default", "good") : null,
      toggle,
    ),
  );
  return element;
}
