// For those who are not signed in: what this is, and every way in.

import { post, urlOf } from "../api.js";
import { announce, h, replace } from "../dom.js";
import { field, form } from "../forms.js";
import { HOME, currentPlace, go } from "../router.js";
import { answerChallenge, signIn } from "../session.js";
import { brand, themeButton } from "../shell.js";
import { notice } from "../ui.js";

export const title = "Sign in";

const PASSWORD_HINT = "At least 12 characters, with upper and lower case and a digit.";

/** Return the page. */
export async function render({ ended }) {
  const card = h("section", { class: "card entrance-card", "aria-label": "Sign in" });
  wayIn(card, { said: ended ? notice("info", "Your session has ended. Sign in again to go on.") : null });
  return h(
    "div",
    { class: "entrance" },
    h("header", { class: "alone-top" }, brand("#/"), themeButton()),
    h("div", { class: "entrance-grid" }, intro(), card, steps()),
  );
}

/** Put the way in into `card`. `invitation` is the token of one; `onDone` is called once somebody is signed in. */
export function wayIn(card, { said = null, invitation = null, email = "", onDone = enter } = {}) {
  const show = (step, options) => {
    replace(card, step({ show, invitation, onDone, ...options }));
    card.querySelector("h2")?.focus();
  };
  replace(card, signInStep({ show, invitation, onDone, email, said }));
}

function enter() {
  if (currentPlace()) window.dispatchEvent(new HashChangeEvent("hashchange"));
  else go(HOME, { replaceHistory: true });
}

function intro() {
  return h(
    "div",
    { class: "intro" },
    h("h1", { tabindex: "-1" }, "Every model, on your own keys."),
    h(
      "p",
      { class: "lead" },
      "OwnKey keeps your model providers’ keys sealed in your operator’s AWS account, and puts one OpenAI-compatible address in front of all of them.",
    ),
  );
}

function steps() {
  return h(
    "ol",
    { class: "steps" },
    step("Store a provider key", "It is encrypted at once. Nobody sees it again, not even you."),
    step("Take a gateway key", "One key for your programs, with limits of its own, revoked at any time."),
    step("Change one line", ["Any OpenAI client works with this base URL:", h("code", {}, urlOf("/api/v1").href)]),
  );
}

function step(name, text) {
  return h("li", {}, h("strong", {}, name), h("span", {}, text));
}

const emailField = (value) =>
  field({ label: "E-mail", name: "email", type: "email", value, required: true, attributes: { autocomplete: "username" } });

const newPasswordField = () =>
  field({
    label: "New password",
    name: "password",
    type: "password",
    hint: PASSWORD_HINT,
    required: true,
    attributes: { autocomplete: "new-password", minlength: "12" },
  });

const codeField = (hint) =>
  field({ label: "Code", name: "code", hint, required: true, attributes: { autocomplete: "one-time-code", inputmode: "numeric" } });

function heading(text, lead) {
  return [h("h2", { tabindex: "-1" }, text), lead ? h("p", { class: "lead" }, lead) : null];
}

function turn(label, onClick) {
  return h("button", { type: "button", class: "as-link", on: { click: onClick } }, label);
}

function signInStep({ show, invitation, onDone, email = "", said = null }) {
  const mode = document.documentElement.dataset.signUp;
  const maySignUp = mode === "open" || (mode === "invitation" && invitation);
  const content = form({
    fields: [
      emailField(email),
      field({ label: "Password", name: "password", type: "password", required: true, attributes: { autocomplete: "current-password" } }),
    ],
    submit: "Sign in",
    onSubmit: async (values) => {
      const challenge = await signIn(values.email, values.password);
      if (challenge) show(challengeStep, { email: values.email, session: challenge.session });
      else onDone();
    },
  });
  const typed = () => ({ email: content.elements.email.value.trim() });
  let others = "Accounts are made by the operator of this gateway.";
  if (maySignUp) others = ["New here? ", turn("Make an account", () => show(signUpStep, typed()))];
  else if (mode === "invitation") others = "To make an account, open the link of an invitation to a team.";
  return h(
    "div",
    {},
    heading("Sign in"),
    said,
    content,
    h("p", { class: "below" }, turn("Forgotten your password?", () => show(forgottenStep, typed()))),
    h("p", { class: "below" }, others),
  );
}

function signUpStep({ show, invitation, email = "" }) {
  const content = form({
    fields: [emailField(email), newPasswordField()],
    submit: "Make an account",
    onSubmit: async (values) => {
      const { email: address, password } = values;
      await post("/api/session/sign-up", invitation ? { email: address, password, invitation } : { email: address, password });
      show(confirmStep, { email: address, password });
    },
  });
  return h("div", {}, heading("Make an account"), content, back(show));
}

function confirmStep({ show, onDone, email, password }) {
  const content = form({
    fields: [codeField(`We sent one to ${email}.`)],
    submit: "Confirm",
    onSubmit: async ({ code }) => {
      await post("/api/session/confirm", { email, code });
      const challenge = await signIn(email, password);
      if (challenge) show(challengeStep, { email, session: challenge.session });
      else onDone();
    },
  });
  const again = turn("Send another code", async () => {
    try {
      await post("/api/session/resend", { email });
      announce("Another code is on its way.");
      again.textContent = "Another code is on its way";
    } catch (error) {
      again.textContent = error.message;
    }
  });
  return h("div", {}, heading("Confirm your address"), content, h("p", { class: "below" }, again), back(show, email));
}

function forgottenStep({ show, email = "" }) {
  const content = form({
    fields: [emailField(email)],
    submit: "Send a code",
    onSubmit: async ({ email: address }) => {
      await post("/api/session/forgot-password", { email: address });
      show(resetStep, { email: address });
    },
  });
  return h("div", {}, heading("Recover your password", "We send a code to your address, if it has an account."), content, back(show, email));
}

function resetStep({ show, email, onDone, invitation }) {
  const content = form({
    fields: [codeField(`Sent to ${email}, if it has an account.`), newPasswordField()],
    submit: "Set the password",
    onSubmit: async ({ code, password }) => {
      await post("/api/session/reset-password", { email, code, password });
      show(signInStep, { email, onDone, invitation, said: notice("good", "Your password is changed. Sign in with it.") });
    },
  });
  return h("div", {}, heading("Set a new password"), content, back(show, email));
}

function challengeStep({ show, onDone, email, session }) {
  const content = form({
    fields: [newPasswordField()],
    submit: "Set it and sign in",
    onSubmit: async ({ password }) => {
      await answerChallenge(email, session, password);
      onDone();
    },
  });
  return h("div", {}, heading("Choose a password", "The one you have is temporary. Within three minutes, please."), content, back(show, email));
}

function back(show, email = "") {
  return h("p", { class: "below" }, turn("Back to signing in", () => show(signInStep, { email })));
}
