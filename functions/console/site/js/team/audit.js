// Who changed what in a team.

import { get } from "../api.js";
import { auditList } from "../audit-list.js";

/** Return the tab. */
export async function render({ base, user, signal }) {
  const { members } = await get(`${base}/members`, {}, { signal });
  const names = new Map(members.map((member) => [member.sessionId, member.displayName]));
  names.set(user.user_id, "You");
  return auditList({ path: `${base}/audit`, names, signal });
}
