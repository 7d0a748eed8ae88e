// Who changed what in a team.

import { get } from "../api.js";
import { auditList } from "../audit-list.js";

/** Return the tab. */
export async function render({ base, user, signal }) {
  const [{ members }, { invitations }] = await Promise.all([
    get(`${base}/members`, {}, { signal }),
    get(`${base}/invitations`, {}, { signal }),
  ]);
  const names = new Map([
    ...members.map((member) => [member.sessionId, member.displayName]),
    ...invitations.map((invitation) => [invitation.id, invitation.email]),
  ]);
  names.set(user.user_id, "You");
  return auditList({ path: `${base}/audit`, names, signal });
}
