// Which page the address names. Addresses are fragments, so that they work below any stage or base path, and what is
// in them (an invitation's token) is sent to no server.

const ROUTES = [
  { path: /^\/provider-keys(?:\/(?<slug>[\w-]+))?$/, page: "provider-keys", nav: "provider-keys" },
  { path: /^\/gateway-keys$/, page: "gateway-keys", nav: "gateway-keys" },
  { path: /^\/try$/, page: "try", nav: "try" },
  { path: /^\/usage$/, page: "usage", nav: "usage" },
  { path: /^\/team$/, page: "teams", nav: "team" },
  { path: /^\/team\/(?<team>[0-9a-fA-F-]{36})(?:\/(?<tab>[a-z-]+))?$/, page: "team", nav: "team" },
  { path: /^\/account$/, page: "account", nav: "account" },
  { path: /^\/invitation$/, page: "invitation", nav: null, open: true },
];

/** Where somebody who is signed in begins. */
export const HOME = "/provider-keys";

/** Return the place that the address names: `{page, nav, open, params, query}`; null where it names none. */
export function currentPlace() {
  const [path, search = ""] = location.hash.replace(/^#/, "").split("?");
  for (const route of ROUTES) {
    const match = route.path.exec(path);
    if (match) return { ...route, path, params: { ...match.groups }, query: new URLSearchParams(search) };
  }
  return null;
}

/** Go to a place of this console. */
export function go(path, { replaceHistory = false } = {}) {
  if (replaceHistory) {
    history.replaceState(null, "", `#${path}`);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = path;
  }
}

/** Return the address of a place, for links that leave this page: an invitation, for one. */
export function addressOf(path) {
  return new URL(`#${path}`, location.href.split("#")[0]).href;
}
