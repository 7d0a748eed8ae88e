// Where the link of an invitation leads: what it is for, the way in, and the acceptance.

import { del, get, post } from "../api.js";
import { h, replace } from "../dom.js";
import { HOME, go } from "../router.js";
import { brand, themeButton } from "../shell.js";
import { busy, button, link, notice } from "../ui.js";
import { wayIn } from "./entrance.js";

export const title = "Invitation";

/** Return the page. */
export async function render({ query, user, signal, onDone }) {
  const token = query.get("token") ?? "";
  const card = h("section", { class: "card entrance-card", "aria-label": "Invitation" });
  const page = h(
    "div",
    { class: "entrance" },
    h("header", { class: "alone-top" }, brand(user ? `#${HOME}` : "#/"), themeButton()),
    h("div", { class: "narrow stack" }, card),
  );
  let found;
  try {
    found = await get("/api/teams/invitations/lookup", { token }, { signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    replace(card, h("h1", { tabindex: "-1" }, "No such invitation"), notice("bad", error.message), home(user));
    return page;
  }
  replace(card, heading(found), closed(found) ?? (user ? offer(found, token, user) : h("p", { class: "lead" }, "Sign in to go on.")));
  if (!user && !closed(found)) {
    const door = h("section", { class: "card entrance-card", "aria-label": "Sign in" });
    wayIn(door, { invitation: found.type === "invitation" ? token : null, email: found.email ?? "", onDone });
    page.querySelector(".narrow").append(door);
  }
  return page;
}

function heading({ teamName }) {
  return [h("p", { class: "hint" }, "You are invited to the team"), h("h1", { tabindex: "-1" }, teamName)];
}

/** Return why nothing can be done with it, or null. */
function closed({ type, status, enabled }) {
  if (type === "link") return enabled ? null : notice("warn", "This link is closed. Ask for a new one.");
  if (status === "pending") return null;
  return notice("warn", `The invitation is ${status}. Ask for a new one.`);
}

function offer(found, token, user) {
  const place = h("div", { class: "stack" });
  const act = (label, work) => {
    const element = button(label, {
      kind: "primary",
      onClick: () =>
        busy(element, async () => {
          try {
            await work();
          } catch (error) {
            problem.replaceChildren(notice("bad", error.message));
          }
        }),
    });
    return element;
  };
  const problem = h("div", {});
  const accept = async () => {
    const { team } = await post("/api/teams/invitations/accept", { token });
    go(`/team/${team.uuid}`);
  };
  const ask = async () => {
    const { alreadyMember } = await post("/api/teams/join", { token });
    if (alreadyMember) go("/team");
    else replace(place, notice("good", "You have asked to join. An admin of the team lets you in."), act("Take it back", withdraw), problem, home(user));
  };
  const withdraw = async () => {
    await del("/api/teams/join", { body: { token } });
    replace(place, notice("info", "Your request is taken back."), home(user));
  };
  const text = found.type === "link" ? "An admin decides on every request." : "Members use the team’s keys and budget, as its rules say.";
  const main = found.type === "link" ? act("Ask to join", ask) : act("Join the team", accept);
  return replace(place, h("p", { class: "lead" }, `You are signed in as ${user.email}. ${text}`), problem, h("div", { class: "form-actions" }, main, home(user)));
}

function home(user) {
  return link(user ? "To the console" : "To the door", user ? `#${HOME}` : "#/", { className: "button quiet" });
}
