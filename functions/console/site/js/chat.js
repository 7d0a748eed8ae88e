// A conversation: what was said, the field to say more, and the call behind it.

import { ApiError, errorOf, urlOf } from "./api.js";
import { announce, h, replace } from "./dom.js";
import { icon } from "./icons.js";
import { receipt } from "./receipt.js";
import { eventsOf } from "./sse.js";
import { dropTryKey, tryKey } from "./try-key.js";
import { button, link, notice } from "./ui.js";

const SUGGESTIONS = ["Say hello in five languages.", "Why is the sky blue? Two sentences.", "Write a haiku about keys."];
const NEEDS_A_KEY = new Set(["byok_key_missing", "byok_key_unusable", "byok_key_rejected"]);

/** Return the conversation. `choice()` tells the model and provider wanted; `names` providers' names by slug. */
export function conversation({ choice, names, signal }) {
  const messages = [];
  let running = null;
  const log = h("div", { class: "chat-log", role: "log", "aria-label": "Conversation" });
  const input = h("textarea", { name: "message", rows: "2", placeholder: "Ask something", "aria-label": "Message" });
  const send = button("Send", { kind: "primary", iconName: "send", iconOnly: true, type: "submit" });
  const stop = button("Stop", { iconName: "stop", iconOnly: true, onClick: () => running?.abort() });
  const composer = h("form", { class: "composer" }, input, send, stop);
  const reset = button("New conversation", { kind: "quiet", onClick: () => begin() });

  const begin = () => {
    running?.abort();
    messages.length = 0;
    replace(log, suggestions());
    reset.hidden = true;
    input.focus();
  };
  const suggestions = () =>
    h(
      "div",
      { class: "suggestions" },
      SUGGESTIONS.map((text) => button(text, { onClick: () => ask(text) })),
    );
  const ask = async (text) => {
    if (!text || running) return;
    if (!messages.length) replace(log);
    input.value = "";
    messages.push({ role: "user", content: text });
    const turn = answerPlace(names);
    log.append(h("div", { class: "said" }, text), turn.element);
    turn.element.scrollIntoView({ block: "nearest" });
    working(new AbortController());
    try {
      await streamed(choice(), messages, turn, AbortSignal.any([running.signal, signal]));
    } finally {
      working(null);
    }
    // What was not answered is not part of what the next answer rests on.
    if (turn.text) messages.push({ role: "assistant", content: turn.text });
    else messages.pop();
    if (!signal.aborted) input.focus();
  };
  const working = (controller) => {
    running = controller;
    send.hidden = controller !== null;
    stop.hidden = controller === null;
    reset.hidden = controller !== null;
  };

  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(input.value.trim());
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    composer.requestSubmit();
  });
  working(null);
  reset.hidden = true;
  replace(log, suggestions());
  return h(
    "section",
    { class: "chat", "aria-label": "Chat" },
    log,
    composer,
    h("div", { class: "chat-foot" }, h("p", { class: "hint" }, "This page makes itself a gateway key when you send, for an hour and one dollar at most, and revokes it when you leave."), reset),
  );
}

/** Return the place of an answer, which grows with what arrives. */
function answerPlace(names) {
  const text = h("div", { class: "answer-text" });
  const thoughts = h("div", { class: "thoughts" });
  const thinking = h("details", { class: "more", hidden: true }, h("summary", {}, "Reasoning"), thoughts);
  const waiting = h("p", { class: "waiting" }, h("span", { class: "pulse", "aria-hidden": "true" }), "Waiting for the first word …");
  const foot = h("div", {});
  const element = h("article", { class: "answer", "aria-busy": "true" }, thinking, waiting, text, foot);
  const place = {
    element,
    text: "",
    say(piece) {
      waiting.remove();
      place.text += piece;
      text.append(piece);
    },
    think(piece) {
      thinking.hidden = false;
      thoughts.append(piece);
    },
    end(...nodes) {
      waiting.remove();
      element.removeAttribute("aria-busy");
      replace(foot, ...nodes);
      element.scrollIntoView({ block: "nearest" });
    },
    names,
  };
  return place;
}

async function streamed(choice, messages, turn, signal) {
  const clock = { start: performance.now() };
  const facts = {};
  const sources = [];
  try {
    const response = await request(choice, messages, signal);
    facts.provider = response.headers.get("x-ownkey-provider");
    facts.credential = response.headers.get("x-ownkey-credential");
    facts.suffix = response.headers.get("x-ownkey-key-suffix");
    for await (const data of eventsOf(response)) {
      const chunk = JSON.parse(data);
      if (chunk.error) throw new ApiError({ status: chunk.error.status, ...chunk.error });
      const { delta = {} } = chunk.choices?.[0] ?? {};
      if (delta.content || delta.reasoning_content) clock.first ??= performance.now();
      if (delta.reasoning_content) turn.think(delta.reasoning_content);
      if (delta.content) turn.say(delta.content);
      sources.push(...(delta.annotations ?? []).map((annotation) => annotation.url_citation));
      facts.pricing = chunk.x_ownkey_pricing ?? facts.pricing;
    }
    clock.end = performance.now();
    turn.end(sourceList(sources), receipt(facts, clock, turn.names));
    announce("The answer is complete.");
  } catch (error) {
    if (error.name === "AbortError") {
      turn.end(h("p", { class: "stopped" }, icon("stop"), "Stopped. What had arrived is counted."));
    } else {
      turn.end(trouble(error));
    }
  }
}

async function request(choice, messages, signal, again = true) {
  const { model, provider, search } = choice;
  const key = await tryKey();
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${key}`, "x-use-byok": "true" };
  if (provider) headers["x-byok-provider"] = provider;
  const wanted = { model, messages, stream: true, stream_options: { include_usage: true } };
  const body = JSON.stringify(search ? { ...wanted, webSearch: { enabled: true } } : wanted);
  let response;
  try {
    response = await fetch(urlOf("/api/v1/chat/completions"), { method: "POST", headers, body, signal, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError({ status: 0, message: "The server cannot be reached. Check your connection and try again." });
  }
  if (response.status === 401 && again) {
    // The key was revoked elsewhere: in the list of gateway keys, or by its hour.
    await dropTryKey();
    return request(choice, messages, signal, false);
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

/** Return the pages that an answer rests on, each once; none where there are none. */
function sourceList(sources) {
  const pages = new Map(sources.filter(({ url }) => /^https?:/.test(url)).map(({ url, title }) => [url, title || url]));
  if (!pages.size) return null;
  return h("ul", { class: "sources", "aria-label": "Sources" }, [...pages].map(([url, title]) => h("li", {}, link(title, url, { external: true }))));
}

function trouble(error) {
  const help = NEEDS_A_KEY.has(error.code) ? link("See your provider keys", "#/provider-keys") : null;
  return notice("bad", h("p", {}, error.message), help);
}
