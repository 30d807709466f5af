import { expect, test } from "vitest";
import { appHref, pages, parseRoute } from "./route";

test.each(["", "#", "#/"])("%j is the overview", (hash) => expect(parseRoute(hash)).toEqual({ kind: "overview" }));

test("every page's address leads back to it, whatever the names hold", () => {
  for (const page of pages) {
    const [app, detail] = ["shop/50 %", "A#B?"];
    expect(parseRoute(appHref(app, page, detail))).toEqual({ kind: "app", app, page, detail });
  }
});

test("an application alone is its flow", () => {
  expect(parseRoute("#/app/shop")).toEqual({ kind: "app", app: "shop", page: "flow", detail: "" });
});

test.each(["#/nowhere", "#/app", "#/app/shop/nowhere", "#/app/shop/rows/A/B"])("%s is unknown", (hash) =>
  expect(parseRoute(hash)).toEqual({ kind: "unknown", hash }),
);

test("a broken percent sign does not throw", () => {
  expect(parseRoute("#/app/%E0%A4%A")).toMatchObject({ kind: "app", app: "%E0%A4%A" });
});
