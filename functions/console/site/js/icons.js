// Icons as paths on a 20 by 20 grid, drawn with a stroke of the text's colour.

import { svg } from "./dom.js";

const PATHS = {
  alert: ["M10 3.2 18 16.8H2Z", "M10 8.2v3.9", "M10 14.4v.1"],
  back: ["M12 4.5 6.5 10l5.5 5.5"],
  chart: ["M3 17h14", "M5.5 14v-4", "M10 14V5", "M14.5 14V8"],
  chat: ["M3.5 4.5h13v9H9l-3.5 3v-3h-2Z"],
  check: ["m4.5 10.5 3.6 3.6 7.4-8"],
  close: ["m5 5 10 10", "M15 5 5 15"],
  code: ["m7 6-4 4 4 4", "m13 6 4 4-4 4"],
  copy: ["M7 7h9v9H7Z", "M4 13V4h9"],
  down: ["m5.5 8 4.5 4.5L14.5 8"],
  external: ["M8 4.5H4.5v11h11V12", "M11.5 4.5h4v4", "m15.3 4.7-6.3 6.3"],
  key: ["M7 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z", "M10.5 10H18", "M15.5 10v3"],
  link: ["M8.5 11.5 11.5 8.5", "m9.5 6 2-2a3.2 3.2 0 0 1 4.5 4.5l-2 2", "m10.5 14-2 2A3.2 3.2 0 0 1 4 11.500l2-2"],
  moon: ["M16 11.6A6.5 6.5 0 1 1 8.4 4a5.2 5.2 0 0 0 7.6 7.600Z"],
  next: ["M8 4.5 13.5 10 8 15.5"],
  out: ["M8 4H4v12h4", "M8 10h9", "m13.5 6.5 3.5 3.5-3.5 3.5"],
  plus: ["M10 4.500v11", "M4.5 10h11"],
  search: ["M9 14.500a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11Z", "m13 13 4 4"],
  send: ["M10 16V4.5", "m5 9.5 5-5 5 5"],
  shield: ["M10 2.8 16 5v4.600c0 3.6-2.5 6.2-6 7.6-3.5-1.4-6-4-6-7.600V5Z"],
  stop: ["M6 6h8v8H6Z"],
  sun: [
    "M10 13.200a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.400Z",
    "M10 2.500v1.600M10 15.900v1.600M2.5 10h1.600M15.9 10h1.600M4.7 4.700l1.1 1.100M14.2 14.200l1.1 1.100M4.7 15.300l1.1-1.100M14.2 5.800l1.1-1.1",
  ],
  team: [
    "M7.5 9.500a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.400Z",
    "M2.5 16c.3-2.7 2.3-4.2 5-4.200s4.7 1.5 5 4.2",
    "M12.8 4.400a2.5 2.5 0 0 1 0 4.900M14.3 12c1.8.4 3 1.7 3.2 4",
  ],
  terminal: ["M3 4.500h14v11H3Z", "m6 8 2.2 2L6 12", "M10.5 12.500H14"],
  trash: ["M4 6h12", "M8 6V4h4v2", "m5.5 6 .8 10.500h7.400L14.5 6"],
  user: ["M10 10a3.2 3.2 0 1 0 0-6.400A3.2 3.2 0 0 0 10 10Z", "M3.8 17c.5-3.2 2.9-5 6.2-5s5.7 1.8 6.2 5"],
};

/** Return an icon; it says nothing to those who listen, so what it stands beside must. */
export function icon(name) {
  const paths = PATHS[name].map((d) => svg("path", { d }));
  return svg("svg", { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true" }, paths);
}

/** Return the sign of the console. */
export function brandMark() {
  return svg(
    "svg",
    { class: "brand-mark", viewBox: "0 0 32 32", "aria-hidden": "true" },
    svg("rect", { width: "32", height: "32", rx: "8" }),
    svg("circle", { cx: "11.5", cy: "16", r: "4.6" }),
    svg("path", { d: "M16.1 16H25M22 16v4.2" }),
  );
}
