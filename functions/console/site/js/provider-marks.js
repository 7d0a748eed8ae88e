// How a provider and the state of its key look.

import { h } from "./dom.js";
import { chip, ending } from "./ui.js";

/** Return what stands for a provider's logo: its initials on a colour of its own. */
export function monogram({ name, slug }) {
  const words = name.replace(/[^\w\s]/g, "").split(/\s+/);
  const letters = words.length > 1 ? words[0][0] + words[1][0] : words[0].slice(0, 2);
  return mark(letters, slug, "");
}

/** Return what stands for a person's picture. */
export function personMark(name, id) {
  return mark(name.slice(0, 1).toUpperCase(), id, " person");
}

function mark(letters, seed, kind) {
  const hue = [...seed].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7);
  return h("span", { class: `monogram${kind}`, "aria-hidden": "true", vars: { "--hue": hue } }, letters);
}

/** Return the state of a stored key, or that there is none. */
export function stateChip(key) {
  if (!key) return chip("Not configured", "off");
  const state = (word, kind) => chip([word, ending(key.key_suffix)], kind);
  if (key.expires_at && new Date(key.expires_at) < Date.now()) return state("Expired", "bad");
  if (key.status === "invalid") return state("Rejected", "bad");
  if (key.status === "unverified") return state("Unverified", "warn");
  return state("Active", "good");
}
