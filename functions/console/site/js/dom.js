// Elements from data. Text is always text: nothing in this console parses markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Return a new element.
 *
 * `props`: `class`, `on` (event name -> listener), `data` (dataset), `vars` (CSS custom properties); `value`, `checked`
 * and the like are set as properties; everything else is an attribute. False, null and undefined leave it out.
 */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** Return a new SVG element; takes what `h` takes. */
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

/** Put `children` (nodes, texts, arrays of them) in the place of what an element holds. */
export function replace(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

const AS_PROPERTIES = new Set(["value", "checked", "disabled", "selected", "indeterminate", "open", "hidden", "required"]);

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "class") element.setAttribute("class", value);
    else if (name === "on") for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "vars") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
    else if (AS_PROPERTIES.has(name) && element.namespaceURI !== SVG) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...flat(children));
  return element;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

let count = 0;

/** Return an id that no other element of the page has. */
export function uniqueId(prefix) {
  count += 1;
  return `${prefix}-${count}`;
}

/** Say something to those who listen to the page instead of looking at it. */
export function announce(text) {
  const region = document.getElementById("announcements");
  region.textContent = "";
  // An empty region first: the same sentence twice is news twice.
  requestAnimationFrame(() => (region.textContent = text));
}
