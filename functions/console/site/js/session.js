// Who is signed in.

import { ApiError, del, get, hint, post } from "./api.js";

let user = null;

/** Return who is signed in: `{user_id, email, default_team_uuid}`; null where nobody is. */
export function currentUser() {
  return user;
}

/** Ask who is signed in, where somebody may be; returns them or null. */
export async function resume() {
  if (!hint.present) return null;
  try {
    user = await get("/api/session");
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    user = (await renewed()) ? await get("/api/session") : null;
  }
  hint.set(user !== null);
  return user;
}

/** Sign in. Returns `{challenge, session}` where a new password is needed first, else null. */
export async function signIn(email, password) {
  const said = await post("/api/session", { email, password });
  if (said.challenge) return said;
  begin(said);
  return null;
}

/** Go on from a challenge with a new password. */
export async function answerChallenge(email, session, password) {
  await post("/api/session/challenge", { email, session, password });
  hint.set(true);
  begin(await get("/api/session"));
}

/** Sign out, here and everywhere. */
export async function signOut() {
  await del("/api/session");
  forget();
}

/** Remember nobody: the session is over already. */
export function forget() {
  user = null;
  hint.set(false);
}

/** Note what has changed of the person who is signed in. */
export function note(changes) {
  if (user) user = { ...user, ...changes };
}

function begin(said) {
  user = said;
  hint.set(true);
}

async function renewed() {
  try {
    await post("/api/session/refresh");
    return true;
  } catch (error) {
    if (error instanceof ApiError && [401, 403].includes(error.status)) return false;
    throw error;
  }
}
