import { afterEach, expect, test, vi } from "vitest";
import { ApiError, deleteDeadLetter, getDeliveries, pathOf, redriveDeadLetter, tailPath } from "./client";

afterEach(() => vi.unstubAllGlobals());

function answer(status: number, body: string) {
  const fetched = vi.fn((_path: string, _init: RequestInit) => Promise.resolve(new Response(body, { status })));
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

test("names in paths are percent-encoded, and stay on the page's origin", () => {
  expect(tailPath("order flood", "A/B?")).toBe("/api/apps/order%20flood/streams/A%2FB%3F/tail");
  expect(pathOf(["streams"], { from: "oldest", limit: 5, after: undefined, alarm: "" })).toBe("/api/streams?from=oldest&limit=5");
});

test("an error of the server carries its code and message", async () => {
  answer(409, '{"error": {"code": "Conflict", "message": "refused again"}}');
  const error: unknown = await redriveDeadLetter("a", "7@table T").catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ code: "Conflict", message: "refused again" });
});

test("an error without the agreed body names the HTTP status", async () => {
  answer(502, "<html>");
  await expect(getDeliveries("a", { limit: 1 })).rejects.toMatchObject({ code: "Http502" });
});

test("a server that is away is said in words", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  await expect(getDeliveries("a", { limit: 1 })).rejects.toMatchObject({ code: "Unavailable", message: "The server cannot be reached." });
});

test("changes use POST with a JSON body, and DELETE", async () => {
  const fetched = answer(200, "");
  await redriveDeadLetter("a", "7@table T");
  await deleteDeadLetter("a", "7@table T");
  const [post, remove] = fetched.mock.calls;
  expect(post?.[0]).toBe("/api/apps/a/dead-letters/7%40table%20T/redrive");
  expect(post?.[1]).toMatchObject({ method: "POST", headers: { "Content-Type": "application/json" } });
  expect(remove?.[0]).toBe("/api/apps/a/dead-letters/7%40table%20T");
  expect(remove?.[1]).toMatchObject({ method: "DELETE" });
});
