// The gateway key of the try-out: chats take no session, so this page makes itself a key. It is kept in this page's
// memory alone, works on pages of this origin only, for an hour and a dollar at most, and is revoked on leaving.

import { del, get, post } from "./api.js";

const PATH = "/api/user/gateway-keys";
const NAME = "Console, trying out";
const HOUR_MS = 3600000;
const LIMITS = { requests_per_day: 200, usd_per_day: "1" };

let held = null;
let making = null;

/** Return a key that works now, made if there is none. */
export async function tryKey() {
  if (held && held.until > Date.now()) return held.text;
  making ??= make().finally(() => (making = null));
  return making;
}

/** Revoke the key, where there is one. It never fails: what cannot be revoked now expires within the hour. */
export async function dropTryKey() {
  const dropped = held;
  held = null;
  if (dropped) await del(PATH, { query: { id: dropped.id }, keepalive: true }).catch(() => {});
}

async function make() {
  await sweep();
  const expiry = new Date(Date.now() + HOUR_MS);
  const made = await post(PATH, {
    name: NAME,
    expires_at: expiry.toISOString(),
    allowed_origins: [location.origin],
    ...LIMITS,
  });
  held = { id: made.id, text: made.key, until: expiry.getTime() - 60000 };
  return held.text;
}

/** Remove what pages have left behind that were closed without a word. */
async function sweep() {
  const { keys } = await get(PATH);
  const left = keys.filter((key) => key.name === NAME && new Date(key.expires_at) < Date.now());
  await Promise.all(left.map((key) => del(PATH, { query: { id: key.id } }).catch(() => {})));
}

// The page goes away, with whatever is in its memory.
window.addEventListener("pagehide", dropTryKey);
