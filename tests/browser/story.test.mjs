// The whole story, played by hand in a browser: a course is restored while its tool is off, a setting changes, the tool
// comes back, dies in the middle, and comes back again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { open_page } from "./browser.mjs";
import { write_course } from "./course.mjs";
import { Person, TOOL } from "./person.mjs";
import { Stage, until } from "./stage.mjs";

const LINKS = 30;
const EVENTS = LINKS + 1;

/** Up to where the tool is off, a course waits, and a setting is not any more what it was. */
const play_until_it_waits = async (t, options) => {
  const stage = new Stage(t);
  await stage.serve();
  await stage.receive();
  const page = await open_page(stage, [stage.origin, stage.recorder], options);
  const person = new Person(page, stage);

  await person.log_in();
  await person.add_tool();
  assert.match(await person.read("main"), /acme\/quiz/);
  await person.set("region", "north");
  assert.match(await person.read("#settings"), /region north/);
  await person.save_as("unavailable");
  await until("the tool is off", async () => {
    if (options?.javaScriptEnabled === false) await person.go(TOOL);
    return (await person.read("#tool-head")).includes("unavailable");
  });

  await person.restore(write_course(stage.path("course.imscc"), LINKS), "C1");
  assert.match(await person.read("main"), new RegExp(`${EVENTS} events wait for acme/quiz`));
  assert.match(await person.read("main"), /not saved as available/);
  await person.go(TOOL);
  assert.match(await person.read("#figures"), new RegExp(`Waiting ${EVENTS}`));

  await page.locator("#waits").getByRole("link", { name: "All that waits" }).click();
  assert.match(await person.read("#events"), /because the tool is not available/);
  await page.locator("#events tbody tr").first().getByRole("link").click();
  const first = new URL(page.url()).pathname;
  assert.match(await person.read("h1"), /waits/);
  assert.match(await person.read("#explained"), /not.*available/);
  assert.match(await person.read("#life"), /Captured.*Waits.*not available/);

  await person.set("region", "south");
  await person.go(first);
  assert.match(await person.read("#settings"), /region.*north.*south changed/);
  return { stage, page, person, first };
};

/** The tool has heard the first events twice, in order, under one id each; all with the setting as it was. */
const check_what_was_heard = (stage, first) => {
  const heard = stage.heard();
  const again = heard.findIndex((line, index) => index > 0 && line.event_id === heard[0].event_id);
  assert.ok(again > 1, "the walk was cut off after some events, and began again at the first");
  const [cut_off, whole] = [heard.slice(0, again), heard.slice(again)];
  assert.equal(first, `/events/${heard[0].event_id}`);
  assert.deepEqual(cut_off.map((line) => line.event_id), whole.slice(0, again).map((line) => line.event_id));
  assert.equal(new Set(whole.map((line) => line.event_id)).size, EVENTS);
  assert.equal(whole.length, EVENTS);
  assert.deepEqual(whole.map((line) => line.repeat), whole.map((_, index) => index < again));
  assert.ok(heard.every((line) => line.region === "north"), "with the setting of then");
  assert.ok(heard.every((line) => line.mac_ok));
};

const check_the_end = async (stage, person, first) => {
  check_what_was_heard(stage, first);
  await person.go(`${TOOL}/events?state=pending`);
  assert.match(await person.read("#events"), /No such event|None/);
  await person.go(first);
  assert.match(await person.read("h1"), /delivered/i);
  assert.match(await person.read("#life"), /Captured.*Put off.*A walk that included it stopped.*Acknowledged in walk 2/);
  assert.match(await person.read("#settings"), /region.*north.*south changed/);
};

test("the whole story, live", async (t) => {
  const { stage, page, person, first } = await play_until_it_waits(t);

  // A tool that registers itself shows up by itself.
  await person.go("/");
  await page.getByText("live", { exact: true }).waitFor();
  const registered = await fetch(`${stage.origin}/webapps/ws/services/Context.WS`, {
    method: "POST",
    headers: { "Content-Type": "text/xml", SOAPAction: '"registerTool"' },
    body: stage.example("register-tool.soap"),
  });
  assert.equal(registered.status, 200);
  await page.locator("#tools").getByRole("link", { name: "acme/reader" }).waitFor();

  await person.switch_faults("slow 100");
  await person.save_as("available");
  await page.locator("#job progress").waitFor();
  await page.evaluate(() => { globalThis.loaded_once = true; });
  const loads = page.loads;
  const seen = { values: new Set(), last: new Set() };
  await until("half of the walk", async () => {
    const now = await page.evaluate(() => ({
      value: document.querySelector("#job progress")?.value ?? 0,
      last: document.querySelector("#job [data-is=last]")?.textContent ?? "",
    }));
    if (now.value > 0) seen.values.add(now.value);
    if (now.last !== "") seen.last.add(now.last);
    return now.value >= EVENTS / 3;
  });
  const values = [...seen.values];
  assert.ok(values.length >= 3, `the bar moved at least twice: ${values}`);
  assert.deepEqual(values, [...values].sort((a, b) => a - b));
  assert.ok(seen.last.size >= 3, `so did the last event: ${[...seen.last]}`);
  assert.match(await person.read("#job"), /a second/);

  await stage.kill_tool();
  await page.locator("#job").getByText("It stopped after").waitFor();
  assert.match(await person.read("#job"), /still waiting.*save it as available again/);
  assert.equal(page.loads, loads, "no page was loaded again");
  assert.ok(await page.evaluate(() => globalThis.loaded_once));
  assert.ok(page.streams > 0);
  await page.locator("#job").getByRole("link", { name: "Look at the event that stopped it" }).click();
  assert.match(await person.read("#life"), /Attempt 1 failed/);
  await person.go(first);
  assert.match(await person.read("#life"), /Acknowledged, in a walk that stopped.*Waits/);

  await stage.receive();
  await person.save_as("available");
  await page.locator("#job").getByText("acknowledged all of them").waitFor();
  await check_the_end(stage, person, first);
});

test("the whole story without scripts", async (t) => {
  const { stage, page, person, first } = await play_until_it_waits(t, { javaScriptEnabled: false });
  await person.switch_faults("slow 100");
  await person.save_as("available");
  await until("some of the walk", async () => stage.heard().length >= EVENTS / 3);
  await stage.kill_tool();
  // The page loads itself again until there is nothing more to see.
  await page.locator("#job").getByText("It stopped after").waitFor();
  assert.equal(page.streams, 0);

  await stage.receive();
  await person.save_as("available");
  await page.locator("#job").getByText("acknowledged all of them").waitFor();
  await check_the_end(stage, person, first);
});
