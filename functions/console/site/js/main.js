// Begins: who is here, which page they want, and the way between pages.

import { announce, h, replace } from "./dom.js";
import { HOME, currentPlace, go } from "./router.js";
import { currentUser, forget, resume, signOut } from "./session.js";
import { shell } from "./shell.js";
import { button, failure, skeleton } from "./ui.js";

const app = document.getElementById("app");
let frame = null;
let leaving = new AbortController();
let ended = false;
let farewells = [];

/** Show what the address names, to whoever is here. */
async function show() {
  leave();
  const { signal } = leaving;
  const onLeave = (farewell) => farewells.push(farewell);
  const place = currentPlace();
  const user = currentUser();
  if (place?.open) return mountAlone(place.page, { query: place.query, user, signal });
  if (!user) return mountAlone("entrance", { signal, ended: takeEnded() });
  if (!place) return go(HOME, { replaceHistory: true });
  frame ??= newFrame(user);
  if (!frame.element.isConnected) replace(app, frame.element);
  frame.mark(place.nav);
  return mount(frame.main, place.page, { params: place.params, query: place.query, user, signal, onLeave, refresh });
}

/** End what the page that is left had begun; resolves when all of it has ended. */
function leave() {
  leaving.abort();
  leaving = new AbortController();
  const spoken = farewells.map((farewell) => farewell());
  farewells = [];
  return Promise.allSettled(spoken);
}

function takeEnded() {
  const was = ended;
  ended = false;
  return was;
}

/** Show the same page anew, after a change, and say what has changed. */
async function refresh(said) {
  quiet = said ?? "";
  await show();
}

function newFrame(user) {
  return shell({
    email: user.email,
    onSignOut: async () => {
      await leave();
      await signOut().catch(forget);
      frame = null;
      announce("You are signed out.");
      go("/", { replaceHistory: true });
    },
  });
}

function mountAlone(page, context) {
  frame = null;
  const main = h("main", { id: "main", tabindex: "-1", class: "alone" });
  replace(app, main);
  return mount(main, page, { onDone: show, ...context });
}

/** Put a page into `main`. A page is a module with `title` and `render(context)`, which returns its node. */
async function mount(main, page, context) {
  const slow = setTimeout(() => replace(main, skeleton()), 120);
  const { signal } = context;
  try {
    const module = await load(page);
    if (signal.aborted) return;
    const node = await module.render(context);
    if (signal.aborted) return;
    replace(main, node);
    document.title = `${module.title} · OwnKey`;
    focusPage(main, module.title);
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    replace(main, failure(error, error.outdated ? () => location.reload() : () => mount(main, page, context)));
  } finally {
    clearTimeout(slow);
  }
}

async function load(page) {
  try {
    return await import(`./pages/${page}.js`);
  } catch (cause) {
    const error = new Error("This page could not be loaded; the console may have changed since. Load it again.", { cause });
    throw Object.assign(error, { outdated: true });
  }
}

let first = true;
let quiet = null;

/** Bring those who listen, or use a keyboard, to where the new page begins. Not at the first: they are there already. */
function focusPage(main, title) {
  if (quiet !== null) {
    // The same page with a change in it: it stays where it is, and only the change is told.
    announce(quiet);
    if (document.activeElement === document.body) main.focus({ preventScroll: true });
    quiet = null;
  } else if (!first) {
    window.scrollTo(0, 0);
    (main.querySelector("h1[tabindex]") ?? main).focus({ preventScroll: true });
    announce(title);
  }
  first = false;
}

window.addEventListener("hashchange", () => {
  if (location.hash.startsWith("#/") || location.hash === "") show();
});
window.addEventListener("session-ended", () => {
  forget();
  ended = true;
  show();
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("main")?.focus();
});

async function begin() {
  try {
    await resume();
    await show();
  } catch (error) {
    replace(app, h("main", { id: "main", class: "alone" }, failure(error, null), button("Try again", { onClick: begin })));
  }
}

begin();
