// A real browser for the dashboard's tests. CHROMIUM names another than /usr/bin/chromium.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const waitMillis = 20_000;

export function launchBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

// A page that fails the test on any console error, exception, or request that leaves the origin.
export async function openPageOf(browser, origin, options) {
  const context = await browser.newContext({ timezoneId: "America/New_York", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(waitMillis);
  const faults = [];
  page.expectFaults = false;
  page.on("console", (message) => {
    if (message.type() === "error" && !page.expectFaults) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith("data:")) faults.push(`request to ${request.url()}`);
  });
  page.faults = faults;
  return page;
}

export async function until(what, probe, millis = waitMillis) {
  const end = Date.now() + millis;
  while (Date.now() < end) {
    if (await probe()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`waited ${millis / 1000} s for: ${what}`);
}
