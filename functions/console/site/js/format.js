// Dates and amounts as people read them.

const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });
const MOMENT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const AGO = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const COUNT = new Intl.NumberFormat("en-US");
const STEPS = [
  ["year", 31536000],
  ["month", 2592000],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

/** Return a day: 26 Nov 2026. */
export const day = (iso) => DAY.format(new Date(iso));

/** Return a moment: 26 Nov 2026, 14:05. */
export const moment = (iso) => MOMENT.format(new Date(iso));

/** Return how far away a moment is: 3 hours ago, tomorrow. */
export function ago(iso) {
  const seconds = (new Date(iso) - Date.now()) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return AGO.format(Math.trunc(seconds / size), unit);
  }
  return seconds > 0 ? "in a moment" : "just now";
}

const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

/** Return a whole number in short: 4.5M. */
export const inShort = (number) => COMPACT.format(number);

/** Return a whole number with its thousands apart. */
export const count = (number) => COUNT.format(number);

/**
 * Return dollars from an exact decimal text or a number. Small amounts keep their first digits: $0.0000085 is no $0.00.
 */
export function usd(amount) {
  if (amount === null || amount === undefined) return "unknown";
  const sign = Number(amount) < 0 ? "−" : "";
  const value = Math.abs(Number(amount));
  if (value === 0) return "$0";
  if (value >= 0.01) {
    const most = value < 1 ? 4 : 2;
    return `${sign}$${value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: most })}`;
  }
  return `${sign}$${value.toLocaleString("en-US", { maximumSignificantDigits: 3, maximumFractionDigits: 12 })}`;
}

/** Return the value of a date control as the end of that day, here; null where it is empty. */
export function endOfDay(value) {
  return value ? new Date(`${value}T23:59:59`).toISOString() : null;
}

/** Return a date for a date control, `days` from now. */
export function dateIn(days) {
  const date = new Date(Date.now() + days * 86400000);
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
