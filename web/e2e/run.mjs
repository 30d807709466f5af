// Clicks through the whole dashboard in a real browser.
//
//   node e2e/run.mjs                       against the mock server on a free port
//   TAILRACE_URL=http://127.0.0.1:8080 node e2e/run.mjs     against a running server whose application's streams move
//
// TAILRACE_APP        the application to look at (default: order-flood)
// TAILRACE_SHOTS      a folder that receives screenshots
// CHROMIUM            the browser (default: /usr/bin/chromium)
// What a real server may lack (dead letters, failed messages) is tested when it is there.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { launchBrowser, openPageOf, until } from "./browser.mjs";
import { startMock } from "./mock-server.mjs";

const app = process.env.TAILRACE_APP ?? "order-flood";
const shots = process.env.TAILRACE_SHOTS ?? "";
const onMock = process.env.TAILRACE_URL === undefined;
const server = onMock ? await startMock(0) : null;
const origin = onMock ? `http://127.0.0.1:${server.address().port}` : new URL(process.env.TAILRACE_URL).origin;
const views = ["flow", "rows", "sql", "charts", "alarms", "dead-letters", "agents"];
const address = (view) => (view === "overview" ? `${origin}/#/` : `${origin}/#/app/${encodeURIComponent(app)}/${view}`);

const browser = await launchBrowser();
const openPage = (options) => openPageOf(browser, origin, options);

async function shoot(page, name) {
  if (shots === "") return;
  await mkdir(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`) });
}

const text = (page, selector) => page.locator(selector).first().innerText();

async function noSidewaysScroll(page, where) {
  const { content, view } = await page.evaluate(() => ({ content: document.documentElement.scrollWidth, view: innerWidth }));
  assert.ok(content <= view, `${where}: ${content} px wide in a view of ${view} px`);
}

const tests = {
  async "the overview is live and in UTC"(page) {
    await page.goto(`${origin}/`);
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.locator(".connection", { hasText: "Live" }).waitFor();
    const clock = await text(page, ".clock");
    assert.match(clock, /^\d\d:\d\d:\d\d UTC$/);
    await until("the clock moves", async () => (await text(page, ".clock")) !== clock);
    const serverHour = (await (await fetch(`${origin}/api/status`)).json()).now;
    assert.equal((await text(page, ".clock")).slice(0, 2), new Date(serverHour).toISOString().slice(11, 13));
    await page.getByRole("region", { name: `Application ${app}` }).waitFor();
    await page.getByRole("region", { name: "Streams" }).waitFor();
    const records = await text(page, ".tile-note");
    await until("the records move", async () => (await text(page, ".tile-note")) !== records);
    await shoot(page, "overview");
  },

  async "the flow shows inputs, pumps, streams and outputs"(page) {
    await page.getByRole("navigation").getByRole("link", { name: "Flow" }).first().click();
    for (const stage of ["Inputs", "Pumps", "Streams", "Outputs"]) {
      await page.getByRole("region", { name: stage }).locator(".node").first().waitFor();
    }
    const before = await text(page, ".node-lines dd");
    await until("the rows of the input move", async () => (await text(page, ".node-lines dd")) !== before);
    await shoot(page, "flow");
  },

  async "a stream of the flow leads to its rows, and back"(page) {
    const link = page.getByRole("region", { name: "Inputs" }).getByRole("link").first();
    const name = await link.innerText();
    await link.click();
    await page.getByRole("heading", { name: "Live rows" }).waitFor();
    assert.equal(await page.getByRole("combobox", { name: "Stream" }).inputValue(), name);
    await page.goBack();
    await page.getByRole("heading", { name: "Flow" }).waitFor();
    await page.goForward();
    await page.getByRole("heading", { name: "Live rows" }).waitFor();
  },

  async "rows arrive, stay still while paused, and come after resuming"(page) {
    const top = () => text(page, "table.rows tbody tr td");
    const first = await top();
    assert.match(first, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/);
    await until("a new row on top", async () => (await top()) !== first);
    await page.getByRole("button", { name: "Pause" }).click();
    const held = await top();
    await page.locator(".hint", { hasText: "came since" }).waitFor();
    assert.equal(await top(), held);
    await shoot(page, "rows");
    await page.getByRole("button", { name: "Resume" }).click();
    await until("the newest row on top", async () => (await top()) > held);
    const times = await page.locator("table.rows tbody tr td:first-child").allInnerTexts();
    assert.ok(times.length <= 200);
    assert.deepEqual(times, [...times].sort().reverse());
  },

  async "another stream can be chosen"(page) {
    const options = page.getByRole("combobox", { name: "Stream" }).locator("option");
    await until("there are two streams at least", async () => (await options.count()) > 1);
    const choices = await options.evaluateAll((all) => all.map((one) => one.value));
    await page.getByRole("combobox", { name: "Stream" }).selectOption(choices[1]);
    await until("the address names it", async () => page.url().endsWith(`/rows/${encodeURIComponent(choices[1])}`));
    await page.locator("table.rows tbody tr").first().waitFor();
  },

  async "the SQL is changed, refused, mended, saved and run"(page) {
    await page.goto(address("sql"));
    const area = page.getByRole("textbox", { name: "SQL of the application" });
    await area.waitFor();
    const before = await area.inputValue();
    assert.match(before, /CREATE/);
    assert.equal(await page.locator(".editor-numbers span").count(), before.split("\n").length);
    const save = page.getByRole("button", { name: "Save and run" });
    assert.ok(await save.isDisabled());
    await page.getByRole("button", { name: "Check" }).click();
    await page.locator(".verdict.ok").waitFor();
    // A statement more, with a word that is none: told with its place, underlined, not saved.
    const broken = `${before.trimEnd()}\nSELEC STREAM 1;\n`;
    await area.fill(broken);
    const line = broken.split("\n").length - 1;
    page.expectFaults = true; // The browser logs the 422.
    await area.press("Control+s");
    await page.locator(".verdict.bad", { hasText: "Not saved" }).waitFor();
    page.expectFaults = false;
    const finding = page.locator(".findings li.error").first();
    await finding.waitFor();
    const found = await finding.locator(".place").innerText();
    assert.equal(found.split(":")[0], String(line));
    assert.ok((await page.locator(".editor-marks .error").first().innerText()).length > 0);
    assert.ok(await page.locator(".editor-numbers .marked", { hasText: String(line) }).isVisible());
    await shoot(page, "sql-error");
    await finding.locator("button.place").click();
    const at = await area.evaluate((element) => element.selectionStart);
    assert.equal(broken.slice(0, at).split("\n").length, line);
    assert.equal((await (await fetch(`${origin}/api/apps/${encodeURIComponent(app)}/sql`)).json()).sql, before);
    // The draft outlives a look at another view.
    await page.goto(address("flow"));
    await page.getByRole("heading", { name: "Flow" }).waitFor();
    await page.goto(address("sql"));
    assert.equal(await area.inputValue(), broken);
    const mended = `${before.trimEnd()}\n-- The end.\n`;
    await area.fill(mended);
    await page.getByRole("button", { name: "Check" }).click();
    await page.locator(".verdict.ok", { hasText: "No errors" }).waitFor();
    await save.click();
    await page.locator(".verdict.ok", { hasText: "Saved and running" }).waitFor();
    await until("it is the program", async () =>
      (await (await fetch(`${origin}/api/apps/${encodeURIComponent(app)}/sql`)).json()).sql === mended);
    await page.locator(".badge", { hasText: "As it runs" }).waitFor();
    await area.fill(before);
    await save.click();
    await page.locator(".verdict.ok", { hasText: "Saved and running" }).waitFor();
    await shoot(page, "sql");
  },

  async "the chart draws the values and the threshold"(page) {
    await page.goto(address("charts"));
    const chart = page.getByRole("img", { name: /over the last 15 minutes: last value .*, threshold \d+/ });
    await chart.waitFor();
    const canvas = chart.locator("canvas");
    const colours = () =>
      canvas.evaluate((element) => {
        const { data } = element.getContext("2d").getImageData(0, 0, element.width, element.height);
        const seen = new Set();
        for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) seen.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
        return [...seen];
      });
    await until("line and threshold in their colours", async () => {
      const seen = await colours();
      return seen.includes("11,114,133") && seen.includes("192,41,47");
    });
    const before = await chart.getAttribute("aria-label");
    const shown = await canvas.evaluate((element) => element.toDataURL());
    await until("the drawing moves", async () => (await canvas.evaluate((element) => element.toDataURL())) !== shown);
    assert.match(before, /ORDER_COUNT|of/);
    await shoot(page, "charts");
  },

  async "alarms show state, messages, events and months; a failed message is retried"(page) {
    await page.goto(address("alarms"));
    for (const title of ["Messages", "Events"]) await page.getByRole("heading", { name: title, exact: true }).waitFor();
    await page.getByRole("region", { name: /^Alarm / }).first().waitFor();
    await shoot(page, "alarms");
    if (onMock) await page.getByRole("heading", { name: "By month" }).waitFor();
    await page.getByRole("button", { name: /^Failed/ }).click();
    await page.locator(".entries:not(.events) .badge", { hasText: "Failed" }).or(page.getByText("None in this state")).first().waitFor();
    const retry = page.getByRole("button", { name: /^Retry the message/ });
    const failed = await retry.count();
    assert.ok(!onMock || failed === 1);
    if (failed > 0) {
      await retry.first().click();
      await page.locator(".notice.ok").first().waitFor();
      await until("it left the list", async () => (await retry.count()) < failed);
    }
  },

  async "dead letters are redriven or deleted after a question"(page) {
    await page.goto(address("dead-letters"));
    await page.locator(".letter").or(page.getByText("No dead letters")).first().waitFor();
    await shoot(page, "dead-letters");
    const letters = page.locator(".letter");
    const count = await letters.count();
    if (!onMock) {
      if (count === 0) return;
      const id = await letters.first().getAttribute("data-letter");
      await letters.first().getByRole("button", { name: /^Delete/ }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      await until("the deleted one left", async () => (await letters.first().getAttribute("data-letter")) !== id);
      return;
    }
    assert.equal(count, 3);
    await page.getByRole("button", { name: "Redrive 87@table WebsiteOrders" }).click();
    await shoot(page, "confirm");
    await page.getByRole("dialog").getByRole("button", { name: "Redrive" }).click();
    await until("the redriven one left", async () => (await letters.count()) === 2);
    page.expectFaults = true; // The browser logs the 409.
    await page.getByRole("button", { name: "Redrive 41@table WebsiteOrders" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Redrive" }).click();
    await page.locator(".notice.bad", { hasText: "refused the row again" }).waitFor();
    page.expectFaults = false;
    await page.getByRole("button", { name: "Delete 41@table WebsiteOrders" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    assert.equal(await letters.count(), 2);
    await page.getByRole("button", { name: "Delete 41@table WebsiteOrders" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await until("the deleted one left", async () => (await letters.count()) === 1);
  },

  async "agents show their files"(page) {
    await page.goto(address("agents"));
    await page.getByRole("region", { name: /^Flow / }).or(page.getByText("No agent runs here")).first().waitFor();
    if (onMock) assert.equal(await page.getByRole("progressbar").count(), 2);
    await shoot(page, "agents");
  },

  async "an address that leads nowhere says so"(page) {
    await page.goto(`${origin}/#/nowhere`);
    await page.getByText("No such page").waitFor();
    await page.goto(`${origin}/#/app/absent/flow`);
    await page.getByText("No such application").waitFor();
    await page.getByRole("link", { name: "Go to the overview" }).click();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
  },

  async "a lost connection is shown, and comes back by itself"(page) {
    if (!onMock) return;
    page.expectFaults = true; // The browser logs the refused requests.
    await fetch(`${origin}/mock/down`);
    await page.locator(".connection", { hasText: "Reconnecting" }).waitFor();
    await page.locator(".stale").waitFor();
    await fetch(`${origin}/mock/up`);
    await page.locator(".connection", { hasText: "Live" }).waitFor();
    await page.locator(".stale").waitFor({ state: "detached" });
    page.expectFaults = false;
  },
};

let failures = 0;

async function run(name, page, body) {
  try {
    await body(page);
    assert.deepEqual(page.faults, []);
    console.log(`ok    ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`FAIL  ${name}\n      ${String(error.stack ?? error).split("\n").slice(0, 6).join("\n      ")}`);
    page.faults.length = 0;
    page.expectFaults = false;
    await shoot(page, `fail-${failures}`);
  }
}

try {
  const desktop = await openPage({ viewport: { width: 1280, height: 900 }, colorScheme: "light" });
  for (const [name, body] of Object.entries(tests)) await run(name, desktop, body);

  for (const [theme, width] of [["dark", 1280], ["light", 360], ["dark", 360]]) {
    const page = await openPage({ viewport: { width, height: width === 360 ? 740 : 900 }, colorScheme: theme, hasTouch: width === 360 });
    await run(`every view fits ${width} px, ${theme}`, page, async () => {
      for (const view of ["overview", ...views]) {
        await page.goto(address(view));
        await page.locator("h1").waitFor();
        await page.locator(".loading").first().waitFor({ state: "detached" });
        await noSidewaysScroll(page, view);
        await shoot(page, `${theme}-${width}-${view}`);
      }
    });
    await page.context().close();
  }
} finally {
  await browser.close();
  server?.close();
  server?.closeAllConnections();
}
console.log(failures === 0 ? "all passed" : `${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
