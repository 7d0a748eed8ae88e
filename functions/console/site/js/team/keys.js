// The provider keys of a team.

import { h } from "../dom.js";
import { keyList } from "../provider-list.js";
import { link, notice } from "../ui.js";

/** Return the tab. */
export async function render({ team, base, admin, signal }) {
  const list = await keyList({ base: `${base}/provider-keys`, mayWrite: admin, teamId: team.uuid, signal });
  const unused =
    team.byok_mode === "disabled"
      ? notice("warn", h("p", {}, "The team’s keys are not used: its rules say so."), link("See the rules", `#/team/${team.uuid}/rules`))
      : null;
  const readOnly = admin ? null : notice("info", "The owner and the admins of the team change its keys.");
  return h("div", { class: "stack" }, unused, readOnly, list);
}
