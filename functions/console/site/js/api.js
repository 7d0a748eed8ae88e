// Calls of the API: where it is, who we are, and errors in words.

/** Where the API is: above `assets/VERSION/js/`, whatever stage or base path comes before. */
export const BASE = new URL("../../../", import.meta.url);

const RENEW_AFTER_MS = 14 * 60 * 1000; // the session cookie lasts 15 minutes
const HINT = "ownkey.session";

/** A refusal of the API, or no answer at all (status 0). The message is for people. */
export class ApiError extends Error {
  constructor({ status, code, message, field, retryAfter }) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.field = field ?? null;
    this.retryAfter = retryAfter ?? null;
  }
}

/**
 * Return the answer to one call. `options`: `query`, `body` (JSON), `signal`, `keepalive`.
 *
 * A session that has run out is renewed once and the call made again; when it cannot be, `session-ended` is
 * dispatched on `window`.
 */
export async function call(method, path, options = {}) {
  if (hint.present && hint.age > RENEW_AFTER_MS) await renew();
  let response = await send(method, path, options);
  if (response.status === 401 && hint.present && path !== "/api/session") {
    if (await renew()) response = await send(method, path, options);
    if (response.status === 401) endSession();
  }
  if (!response.ok) throw await errorOf(response);
  return response.json();
}

export const get = (path, query, options) => call("GET", path, { query, ...options });
export const post = (path, body = {}, options) => call("POST", path, { body, ...options });
export const patch = (path, body, query) => call("PATCH", path, { body, query });
export const del = (path, options) => call("DELETE", path, options);

/** Return the address of a route. */
export function urlOf(path, query = {}) {
  const url = new URL(path.replace(/^\//, ""), BASE);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  return url;
}

/** Return the error that a refusal tells, in either of the API's two shapes. */
export async function errorOf(response) {
  const said = await response.json().catch(() => ({}));
  const error = said.error ?? said;
  const retryAfter = Number(response.headers.get("retry-after")) || null;
  let message = error.message || `The server answered with status ${response.status}. Try again.`;
  if (retryAfter && !/\d/.test(message)) message += ` Try again in ${wait(retryAfter)}.`;
  const field = error.param ?? error.details?.field;
  return new ApiError({ status: response.status, code: error.code, message, field, retryAfter });
}

async function send(method, path, { query, body, signal, keepalive }) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["x-ownkey-csrf"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const text = body === undefined ? undefined : JSON.stringify(body);
  try {
    return await fetch(urlOf(path, query), { method, headers, body: text, signal, keepalive, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError({ status: 0, message: "The server cannot be reached. Check your connection and try again." });
  }
}

// Whether somebody is signed in here. The cookies are out of a script's reach; this only says that asking makes sense.
export const hint = {
  get at() {
    try {
      return Number(localStorage.getItem(HINT)) || 0;
    } catch {
      return this.memory ?? 0;
    }
  },
  get present() {
    return this.at > 0;
  },
  get age() {
    return Date.now() - this.at;
  },
  set(present) {
    this.memory = present ? Date.now() : 0;
    try {
      if (present) localStorage.setItem(HINT, String(this.memory));
      else localStorage.removeItem(HINT);
    } catch {
      // Storage is blocked: this page remembers by itself.
    }
  },
};

let renewal = null;

/** Renew the session; return whether it could be. Calls at the same time share one renewal. */
function renew() {
  renewal ??= send("POST", "/api/session/refresh", { body: {} })
    .then(async (response) => {
      if (response.status >= 500) throw await errorOf(response);
      if (response.ok) hint.set(true);
      return response.ok;
    })
    .finally(() => (renewal = null));
  return renewal;
}

function endSession() {
  hint.set(false);
  window.dispatchEvent(new Event("session-ended"));
}

function wait(seconds) {
  if (seconds < 90) return `${seconds} seconds`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`;
}
