// The page and the real program: the web analytics application of row B2, imported from its template, runs, gets records, and
// has its SQL edited in a real browser.
//
//   TAILRACE_PROGRAM=../build/release/tailrace node e2e/program.mjs
//
// The page comes from web/dist and everything else from the program, so that a program built without a page will do.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, request as send } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchBrowser, openPageOf, until } from "./browser.mjs";

const program = process.env.TAILRACE_PROGRAM;
assert.ok(program, "TAILRACE_PROGRAM names the program");
const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "tailrace-page-"));
const streams = ["WASA_001", "DESTINATION_SQL_STREAM", "EVENT_STREAM", "ANOMALY_TEMP_STREAM", "error_stream"];
const slowMillis = 60_000; // Windows of 10 s close, on a machine that may be busy.

function listening(server) {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
}

async function freePort() {
  const probe = createServer();
  const port = await listening(probe);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

// web/dist, and the program behind it.
async function serve(port) {
  const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };
  const server = createServer(async (request, response) => {
    if (!request.url.startsWith("/api/")) {
      const path = request.url === "/" ? "/index.html" : request.url;
      try {
        const body = await readFile(join(root, "web/dist", new URL(path, "http://page").pathname));
        response.writeHead(200, { "Content-Type": types[extname(path)] ?? "application/octet-stream", "Content-Security-Policy": "default-src 'self'" });
        response.end(body);
      } catch {
        response.writeHead(404).end();
      }
      return;
    }
    const { method, url: path, headers } = request;
    const onward = send({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  return { server, origin: `http://127.0.0.1:${await listening(server)}` };
}

execFileSync(program, ["import", join(root, "tests/data/web-analytics.yaml"), "--output", join(folder, "web-analytics")], { stdio: "ignore" });
const port = await freePort();
const child = spawn(program, ["run", join(folder, "web-analytics"), "--data", join(folder, "data"), "--listen", `127.0.0.1:${port}`, "--log", "text"], { stdio: ["ignore", "ignore", "pipe"] });
let log = "";
child.stderr.on("data", (piece) => (log += piece));
const ended = new Promise((resolve) => child.on("exit", resolve));

let number = 0;
let feeder;
async function feed(origin) {
  number += 1;
  const moment = `${new Date().toUTCString().slice(5, 25).replace(/ /, "/").replace(/ /, "/").replace(/ /, ":")} GMT`;
  const value = (response) => JSON.stringify({ host: "203.0.113.7", datetime: moment, response, event: number % 3 === 0 ? "login" : "click", page: `page_${number % 4}` });
  const records = [{ key: String(number), data: value("200") }, ...(number % 10 === 0 ? [{ key: "bad", data: value("abc") }] : [])];
  const answer = await fetch(`${origin}/api/streams/web-beacons/records`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ records }) });
  assert.equal(answer.status, 200, await answer.text());
}

const browser = await launchBrowser();
let served;
let failed = false;
try {
  served = await serve(port);
  const { origin } = served;
  await until("the program to be ready", async () => {
    if (child.exitCode !== null) assert.fail(`the program ended: ${log}`);
    return fetch(`http://127.0.0.1:${port}/readyz`).then((answer) => answer.status === 200, () => false);
  });
  feeder = setInterval(() => void feed(origin).catch((error) => (log += `feeding: ${error}\n`)), 100);
  const page = await openPageOf(browser, origin, { viewport: { width: 1280, height: 900 } });

  // B2-1: the in-application streams with live sampled rows and a pause button.
  await page.goto(`${origin}/#/app/web-analytics/rows/WASA_001`);
  const chooser = page.getByRole("combobox", { name: "Stream" });
  await chooser.waitFor();
  const choices = await chooser.locator("option").evaluateAll((all) => all.map((one) => one.value));
  for (const stream of streams) assert.ok(choices.includes(stream), `${stream} among ${choices}`);
  const newest = () => page.locator("table.rows tbody tr td").first().innerText();
  for (const stream of streams) {
    await chooser.selectOption(stream);
    await page.getByRole("region", { name: `Rows of ${stream}` }).locator("tbody tr").first().waitFor({ timeout: slowMillis });
  }
  await chooser.selectOption("WASA_001");
  await page.getByRole("region", { name: "Rows of WASA_001" }).locator("tbody tr").first().waitFor();
  const first = await newest();
  await until("a new row on top", async () => (await newest()) !== first);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.locator(".badge", { hasText: "Paused" }).waitFor();
  const held = await newest();
  await page.locator(".hint", { hasText: "came since" }).waitFor();
  assert.equal(await newest(), held);
  await page.getByRole("button", { name: "Resume" }).click();
  await until("the newest row on top", async () => (await newest()) > held);
  console.log("ok    B2-1: streams, live rows, pause");

  // A pump more, with a fault: told with its place, not saved; mended, it runs and has rows.
  await page.goto(`${origin}/#/app/web-analytics/sql`);
  const area = page.getByRole("textbox", { name: "SQL of the application" });
  await area.waitFor();
  const before = await area.inputValue();
  const more = (column) =>
    `${before.trimEnd()}\nCREATE OR REPLACE STREAM "LOGINS" (page VARCHAR(16));\nCREATE OR REPLACE PUMP "LOGINS_PUMP" AS INSERT INTO "LOGINS"\n  SELECT STREAM "${column}" FROM "WASA_001" WHERE "event" = 'login';\n`;
  await area.fill(more("pgae"));
  page.expectFaults = true; // The browser logs the 422.
  await page.getByRole("button", { name: "Save and run" }).click();
  await page.locator(".verdict.bad", { hasText: "Not saved" }).waitFor();
  page.expectFaults = false;
  const finding = page.locator(".findings li.error").first();
  const line = more("").split("\n").length - 1;
  assert.equal(await finding.locator(".place").innerText(), `${line}:17`);
  assert.match(await finding.innerText(), /page/); // The nearest name.
  assert.equal(await page.locator(".editor-marks .error").first().innerText(), '"pgae"');
  const running = async () => (await (await fetch(`${origin}/api/apps/web-analytics/sql`)).json()).sql;
  assert.equal(await running(), before);
  await area.fill(more("page"));
  await page.getByRole("button", { name: "Check" }).click();
  await page.locator(".verdict.ok").waitFor();
  assert.equal(await running(), before);
  await page.getByRole("button", { name: "Save and run" }).click();
  await page.locator(".verdict.ok", { hasText: "LOGINS_PUMP begins" }).waitFor();
  assert.equal(await running(), more("page"));
  assert.equal(await readFile(join(folder, "web-analytics/application.sql"), "utf8"), more("page"));
  await page.goto(`${origin}/#/app/web-analytics/rows/LOGINS`);
  await page.getByRole("region", { name: "Rows of LOGINS" }).getByText("page_", { exact: false }).first().waitFor();
  assert.deepEqual(page.faults, []);
  console.log("ok    the SQL is edited, refused, mended, saved, and has rows");
} catch (error) {
  failed = true;
  console.log(`FAIL  ${error.stack ?? error}\n${log.split("\n").slice(-20).join("\n")}`);
} finally {
  clearInterval(feeder);
  await browser.close();
  served?.server.close();
  served?.server.closeAllConnections();
  child.kill("SIGTERM");
  await ended;
  await rm(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
