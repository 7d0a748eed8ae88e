// The fields of a provider's credential: one secret, or those of a JSON credential, with a way to paste the JSON.

import { announce, h } from "./dom.js";
import { field, secretField, showFieldError } from "./forms.js";

const WORDS = {
  accessKeyId: { label: "Access key id", placeholder: "AKIA…" },
  secretAccessKey: { label: "Secret access key" },
  sessionToken: { label: "Session token", hint: "Only for temporary credentials." },
  region: { label: "Region", placeholder: "eu-central-1" },
  endpoint: { label: "Endpoint", placeholder: "https://my-resource.openai.azure.com" },
  apiKey: { label: "API key" },
  deploymentName: { label: "Deployment name" },
  apiVersion: { label: "API version", placeholder: "2024-10-21" },
};
const ENDPOINTS = { "azure-anthropic-foundry": "https://my-resource.services.ai.azure.com" };

/** Return the fields of a provider's credential. */
export function credentialFields(provider) {
  const { type, hint, fields } = provider.key_format;
  if (type !== "json") {
    const usual = hint.startsWith("as ") ? `The key, ${hint}.` : `Looks like ${hint}`;
    return secretField({ label: "Key", name: "key", required: true, hint: usual });
  }
  const paste = secretField({ label: "The credential as JSON", name: "json", hint: "Fills the fields above, and is forgotten." });
  const control = paste.querySelector("input");
  control.addEventListener("input", () => spread(control));
  return [
    h("div", { class: "field-group" }, fields.map((one) => credentialField(provider, one))),
    h("details", { class: "more" }, h("summary", {}, "Paste JSON instead"), paste),
  ];
}

/** Return the credential that a form's values make. */
export function readCredential(provider, values) {
  const { type, fields } = provider.key_format;
  if (type !== "json") return values.key.trim();
  if (values.json) throw Object.assign(new Error("This is no JSON object. Paste it whole, or empty this field."), { field: "json" });
  const filled = fields.map(({ name }) => [name, values[name].trim()]).filter(([, value]) => value);
  return Object.fromEntries(filled);
}

function credentialField(provider, { name, required, secret }) {
  const words = WORDS[name] ?? { label: name };
  const placeholder = (name === "endpoint" && ENDPOINTS[provider.slug]) || words.placeholder;
  const options = { label: words.label, name, required, hint: words.hint };
  const attributes = { placeholder, autocomplete: "off", autocapitalize: "off", spellcheck: "false" };
  return secret ? secretField(options) : field({ ...options, attributes });
}

/** Put a pasted JSON object into the fields that it names, and forget it. */
function spread(control) {
  const form = control.form;
  let pasted;
  try {
    pasted = JSON.parse(control.value);
  } catch {
    return; // not complete yet; what is wrong is said when the form is sent
  }
  if (typeof pasted !== "object" || pasted === null) return;
  control.value = "";
  const unknown = [];
  for (const [name, value] of Object.entries(pasted)) {
    const target = form.elements[name];
    if (target && name !== "json" && typeof value === "string") target.value = value;
    else unknown.push(name);
  }
  if (unknown.length) showFieldError(form, "json", `The credential has no field ${unknown.join(", ")}; the others are filled in.`);
  else announce("The fields are filled in.");
}
