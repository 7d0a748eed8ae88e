// Charts as SVG. The picture is for those who look; the same figures are always in a table beside it.

import { h, svg } from "./dom.js";

const HEIGHT = 100;
const WIDTH = 10;
const GAP = 2;

const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/**
 * Return bars, one a day, made of one piece a series. `series` are `{name, values}` with a value for each of `days`;
 * `format` writes a value.
 */
export function stackedBars({ days, series, format, label }) {
  const totals = days.map((_, index) => series.reduce((sum, { values }) => sum + values[index], 0));
  const top = niceTop(Math.max(...totals));
  const drawing = svg(
    "svg",
    { viewBox: `0 0 ${days.length * WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": summary(label, days, totals, format) },
    [0.5, 1].map((part) => svg("line", { class: "grid", x1: 0, x2: days.length * WIDTH, y1: HEIGHT * (1 - part), y2: HEIGHT * (1 - part) })),
    days.map((_, index) => bar(series, index, top)),
  );
  const reading = h("p", { class: "reading", "aria-hidden": "true" }, "\u00a0");
  const tell = (event) => {
    const { left, width } = drawing.getBoundingClientRect();
    const index = Math.max(0, Math.min(days.length - 1, Math.floor(((event.clientX - left) / width) * days.length)));
    const parts = series.filter(({ values }) => values[index]).map(({ name, values }) => `${name} ${format(values[index])}`);
    reading.textContent = `${DATE.format(new Date(days[index]))}: ${format(totals[index])}${parts.length > 1 ? ` (${parts.join(", ")})` : ""}`;
  };
  drawing.addEventListener("pointermove", tell);
  drawing.addEventListener("pointerdown", tell);
  drawing.addEventListener("pointerleave", () => (reading.textContent = "\u00a0"));
  const middle = days[Math.floor((days.length - 1) / 2)];
  return h(
    "figure",
    { class: "chart" },
    h("div", { class: "y-axis", "aria-hidden": "true" }, [top, top / 2, 0].map((value) => h("span", {}, format(value)))),
    drawing,
    h("div", { class: "x-axis", "aria-hidden": "true" }, [days[0], middle, days.at(-1)].map((date) => h("span", {}, DATE.format(new Date(date))))),
    h("figcaption", {}, h("ul", { class: "legend" }, series.map(({ name }, index) => h("li", {}, h("span", { class: `swatch s${index}`, "aria-hidden": "true" }), name))), reading),
  );
}

function bar(series, index, top) {
  let y = HEIGHT;
  return series.map(({ values }, each) => {
    const height = (values[index] / top) * HEIGHT;
    y -= height;
    return height > 0 ? svg("rect", { class: `s${each}`, x: index * WIDTH + GAP / 2, y, width: WIDTH - GAP, height }) : null;
  });
}

/** Return a round number at or above `value`, for the top of an axis. */
function niceTop(value) {
  if (!(value > 0)) return 1;
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 10].map((step) => step * size).find((step) => step >= value);
}

function summary(label, days, totals, format) {
  const sum = totals.reduce((all, one) => all + one, 0);
  const most = totals.indexOf(Math.max(...totals));
  return `${label}: ${format(sum)} in ${days.length} days, most on ${DATE.format(new Date(days[most]))} with ${format(totals[most])}.`;
}
