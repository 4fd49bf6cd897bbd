// Debian's Chromium, and a page in it that watches what it must never do: ask another server for something, break its
// own content policy, or complain.
import assert from "node:assert/strict";
import { after } from "node:test";
import { chromium } from "playwright-core";

let shared;
const browser = async () => {
  shared ??= chromium.launch({
    executablePath: process.env.CHROMIUM,
    // The sandbox of Chromium cannot be had as root.
    args: process.getuid() === 0 ? ["--no-sandbox"] : [],
  });
  return shared;
};
after(async () => (await shared)?.close());

// A page that is refused or not found is one line in the console.
const is_answer = (text) => text.startsWith("Failed to load resource: the server responded with a status of");

/**
 * A page of a browser of its own, as long as the stage. `origins` are the servers it may talk to. What it did that it must
 * not do fails the test at its end.
 */
export const open_page = async (stage, origins, options = {}) => {
  const context = await (await browser()).newContext({ viewport: { width: 1280, height: 900 }, locale: "en", ...options });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  page.wrong = [];
  page.expects = null; // what of the console is no fault
  page.streams = 0;
  page.loads = 0;
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && !origins.includes(url.origin)) page.wrong.push(`asked ${request.url()}`);
    if (request.resourceType() === "eventsource") ++page.streams;
    if (request.isNavigationRequest()) ++page.loads;
  });
  page.on("console", (message) => {
    if (message.type() !== "error" || is_answer(message.text())) return;
    if (page.expects?.test(message.text())) return;
    page.wrong.push(`console: ${message.text()} at ${page.url()}`);
  });
  page.on("pageerror", (error) => page.wrong.push(`script: ${error.message}`));
  stage.at_end.push(async () => {
    await context.close();
    assert.deepEqual(page.wrong, []);
  });
  return page;
};
