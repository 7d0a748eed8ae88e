// Provider keys: one's own.

import { h } from "../dom.js";
import { keyList } from "../provider-list.js";
import { pageHead } from "../ui.js";

export const title = "Provider keys";

/** Return the page. */
export async function render({ params, signal }) {
  const list = await keyList({ base: "/api/user/provider-keys", opened: params.slug, signal });
  return h(
    "div",
    { class: "page" },
    pageHead(
      "Provider keys",
      "Keys of the companies that run the models. Each is sealed as soon as it arrives; only its last four characters are ever shown again.",
    ),
    list,
  );
}
