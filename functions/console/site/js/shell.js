// What stands around every page of somebody who is signed in: the way to the pages, the theme, the account.

import { h } from "./dom.js";
import { brandMark, icon } from "./icons.js";
import { button } from "./ui.js";

const PLACES = [
  { nav: "provider-keys", path: "/provider-keys", label: "Provider keys", short: "Providers", iconName: "shield" },
  { nav: "gateway-keys", path: "/gateway-keys", label: "Gateway keys", short: "Gateway", iconName: "key" },
  { nav: "try", path: "/try", label: "Try it", short: "Try it", iconName: "chat" },
  { nav: "usage", path: "/usage", label: "Usage", short: "Usage", iconName: "chart" },
  { nav: "team", path: "/team", label: "Team", short: "Team", iconName: "team" },
];

/** Return the frame around pages, and the element that they go into: `{element, main, mark(nav)}`. */
export function shell({ email, onSignOut }) {
  const main = h("main", { id: "main", tabindex: "-1" });
  const links = PLACES.map((place) =>
    h(
      "a",
      { href: `#${place.path}`, data: { nav: place.nav }, "aria-label": place.label },
      icon(place.iconName),
      h("span", { class: "long" }, place.label),
      h("span", { class: "short" }, place.short),
    ),
  );
  const account = h(
    "a",
    { class: "account", href: "#/account", data: { nav: "account" }, "aria-label": `Account of ${email}` },
    icon("user"),
    h("span", {}, email),
  );
  const element = h(
    "div",
    { class: "shell" },
    h("header", { class: "top" }, brand("#/provider-keys"), h("div", { class: "top-tools" }, account, themeButton(), signOutButton(onSignOut))),
    h("nav", { class: "nav", "aria-label": "Pages" }, links),
    main,
  );
  const mark = (nav) => {
    for (const each of [...links, account]) {
      if (each.dataset.nav === nav) each.setAttribute("aria-current", "page");
      else each.removeAttribute("aria-current");
    }
  };
  return { element, main, mark };
}

/** Return the name of the console as a link. */
export function brand(href) {
  return h("a", { class: "brand", href }, brandMark(), "OwnKey");
}

/** Return the button that changes between light and dark. */
export function themeButton() {
  const dark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const label = () => (dark() ? "Use the light theme" : "Use the dark theme");
  const element = button(label(), {
    kind: "quiet",
    iconOnly: true,
    iconName: dark() ? "sun" : "moon",
    onClick: () => {
      const theme = dark() ? "light" : "dark";
      document.documentElement.dataset.theme = theme;
      try {
        localStorage.setItem("ownkey.theme", theme);
      } catch {
        // Storage is blocked: the choice lasts as long as the page.
      }
      element.replaceChildren(icon(dark() ? "sun" : "moon"));
      element.setAttribute("aria-label", label());
      element.title = label();
    },
  });
  return element;
}

function signOutButton(onSignOut) {
  return button("Sign out", { kind: "quiet", iconOnly: true, iconName: "out", onClick: onSignOut });
}
