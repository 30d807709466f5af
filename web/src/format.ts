// Every number, size, duration and time on the page is written here. Times are UTC and say so.

const none = "–"; // An en dash: there is no value.
const narrow = "\u202f"; // A narrow space between a number and its unit.

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

// 1234567 -> 1,234,567; fractions keep at most `decimals` digits.
export function number(value: number | null | undefined, decimals = 2): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return none;
  const rounded = Number(value.toFixed(decimals));
  const [whole = "0", fraction] = Math.abs(rounded).toString().includes("e")
    ? [rounded.toExponential(3).replace("-", "")]
    : Math.abs(rounded).toString().split(".");
  const sign = rounded < 0 ? "\u2212" : "";
  return sign + (/^\d+$/.test(whole) ? grouped(whole) : whole) + (fraction === undefined ? "" : `.${fraction}`);
}

// For places with little room: 12,345 -> 12.3 k.
export function short(value: number): string {
  const units: readonly [number, string][] = [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e4, "k"],
  ];
  for (const [size, unit] of units) {
    if (Math.abs(value) >= size) {
      const divisor = unit === "k" ? 1e3 : size;
      return `${threeDigits(value / divisor)}${narrow}${unit}`;
    }
  }
  return number(value, 0);
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

// Rows or records a second.
export function rate(perSecond: number): string {
  if (!Number.isFinite(perSecond)) return none;
  const size = Math.abs(perSecond);
  const text = size >= 10_000 ? short(perSecond) : size >= 100 ? number(perSecond, 0) : perSecond.toFixed(1);
  return `${text}/s`;
}

export function bytes(count: number | null | undefined): string {
  if (count === null || count === undefined || !Number.isFinite(count)) return none;
  const units = ["kB", "MB", "GB", "TB", "PB"];
  if (Math.abs(count) < 1000) return `${number(count, 0)}${narrow}B`;
  let value = count;
  let unit = "B";
  for (const next of units) {
    if (Math.abs(value) < 999.5) break;
    value /= 1000;
    unit = next;
  }
  return `${threeDigits(value)}${narrow}${unit}`;
}

export function duration(millis: number | null | undefined): string {
  if (millis === null || millis === undefined || !Number.isFinite(millis)) return none;
  const size = Math.max(0, millis);
  if (size < 1000) return `${Math.round(size)}${narrow}ms`;
  const seconds = size / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)}${narrow}s`;
  if (seconds < 60) return `${Math.floor(seconds)}${narrow}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}${narrow}min ${Math.floor(seconds % 60)}${narrow}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}${narrow}h ${minutes % 60}${narrow}min`;
  return `${Math.floor(hours / 24)}${narrow}d ${hours % 24}${narrow}h`;
}

function validTime(millis: number | null | undefined): millis is number {
  return typeof millis === "number" && Number.isFinite(millis) && Math.abs(millis) <= 8.64e15;
}

// 2018-11-24 01:00:00 UTC
export function time(millis: number | null | undefined): string {
  return validTime(millis) ? `${new Date(millis).toISOString().slice(0, 19).replace("T", " ")} UTC` : none;
}

// For a table whose heading names the zone: 2018-11-24 01:00:00.120
export function timeMillis(millis: number | null | undefined): string {
  return validTime(millis) ? new Date(millis).toISOString().slice(0, 23).replace("T", " ") : none;
}

// 01:00:00 UTC
export function clock(millis: number): string {
  return validTime(millis) ? `${new Date(millis).toISOString().slice(11, 19)} UTC` : none;
}

// For machines, in <time datetime>.
export function isoTime(millis: number): string {
  return validTime(millis) ? new Date(millis).toISOString() : "";
}

export function ago(millis: number, now: number): string {
  const passed = now - millis;
  if (passed < 1000) return "just now";
  return passed < 10_000 ? `${Math.floor(passed / 1000)}${narrow}s ago` : `${duration(passed)} ago`;
}

// 2018-11 -> November 2018
export function month(yearMonth: string): string {
  const names = "January February March April May June July August September October November December".split(" ");
  const match = /^(\d{4})-(\d{2})$/.exec(yearMonth);
  const name = match === null ? undefined : names[Number(match[2]) - 1];
  return match === null || name === undefined ? yearMonth : `${name} ${match[1]}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count, 0)} ${count === 1 ? one : many}`;
}

// A value of a row, as it came.
export function cell(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

// Bytes of a record: as text where they are UTF-8, else in hexadecimal.
export function recordBytes(base64: string): { text: string; encoding: "text" | "hex"; count: number } {
  const raw = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(raw);
    return { text, encoding: "text", count: raw.length };
  } catch {
    const text = Array.from(raw, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    return { text, encoding: "hex", count: raw.length };
  }
}
