// Where the reader is: in the part of the address behind '#', so that the back button and bookmarks work.

import { signal } from "@preact/signals";

export const pages = ["flow", "rows", "sql", "charts", "alarms", "dead-letters", "agents"] as const;
export type Page = (typeof pages)[number];

export type Route =
  | { readonly kind: "overview" }
  | { readonly kind: "app"; readonly app: string; readonly page: Page; readonly detail: string }
  | { readonly kind: "unknown"; readonly hash: string };

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function parseRoute(hash: string): Route {
  const parts = hash.replace(/^#?\/?/, "").split("/").filter((part) => part !== "").map(decode);
  if (parts.length === 0) return { kind: "overview" };
  const [first, app, name = "flow", detail = ""] = parts;
  const page = pages.find((candidate) => candidate === name);
  if (first !== "app" || app === undefined || page === undefined || parts.length > 4) return { kind: "unknown", hash };
  return { kind: "app", app, page, detail };
}

export const overviewHref = "#/";

export function appHref(app: string, page: Page, detail = ""): string {
  return `#/app/${[app, page, detail].filter((part) => part !== "").map(encodeURIComponent).join("/")}`;
}

export const route = signal<Route>({ kind: "overview" });

export function followAddress(): void {
  const read = () => {
    route.value = parseRoute(location.hash);
    window.scrollTo(0, 0);
  };
  window.addEventListener("hashchange", read);
  read();
}
