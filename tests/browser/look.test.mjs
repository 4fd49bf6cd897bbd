// Every page, light and dark, wide and narrow: axe finds nothing serious, nothing sticks out, the keyboard gets
// everywhere and shows where it is. A picture of each is kept.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { open_page } from "./browser.mjs";
import { write_course } from "./course.mjs";
import { Person, TOOL } from "./person.mjs";
import { Stage, until } from "./stage.mjs";

const LOOKS = [
  { name: "light", colorScheme: "light", width: 1280, height: 900, keeps: true },
  { name: "dark", colorScheme: "dark", width: 1280, height: 900, keeps: true },
  { name: "narrow-dark", colorScheme: "dark", width: 360, height: 740 },
  { name: "narrow", colorScheme: "light", width: 360, height: 740, keeps: true },
];

/** What axe finds: with all of its rules at both widths, and with those for colours in the dark. */
const found_by_axe = async (page, look) => {
  const rules = look.colorScheme === "dark" ? { runOnly: ["color-contrast", "link-in-text-block"] } : {};
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ["violations"], ...rules });
  const { violations } = await axe.analyze();
  return violations.filter((found) => ["serious", "critical"].includes(found.impact))
    .flatMap((found) => found.nodes.map((node) => `${found.impact} ${found.id}: ${node.html.slice(0, 200)}`));
};

/** What makes the page wider than the window. */
const sticks_out = (page) => page.evaluate(() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  return [...document.body.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1)
    .map((one) => one.outerHTML.slice(0, 120)).slice(-3).concat(`${root.scrollWidth} > ${root.clientWidth}`);
});

/** Looks at the page that is open, as each kind of person sees it. */
const look_at = async (page, name) => {
  const wrong = [];
  for (const look of LOOKS) {
    await page.setViewportSize({ width: look.width, height: look.height });
    await page.emulateMedia({ colorScheme: look.colorScheme });
    for (const found of [...await found_by_axe(page, look), ...await sticks_out(page)])
      wrong.push(`${name}, ${look.name}: ${found}`);
    if (look.keeps) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}-${look.name}.png`), fullPage: true });
  }
  return wrong;
};

/** Tabs through the whole page. Returns what had the focus, and what did not show it. */
const tab_through = async (page) => {
  const stops = [];
  const unseen = [];
  await page.evaluate(() => document.activeElement?.blur());
  for (let step = 0; step < 200; ++step) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const one = document.activeElement;
      if (!one || one === document.body || one.dataset.wasHere) return null;
      one.dataset.wasHere = "yes";
      const style = getComputedStyle(one);
      const place = one.getBoundingClientRect();
      const shows = one.matches(":focus-visible") && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
      return { text: (one.innerText || one.name || one.id).trim(), html: one.outerHTML.slice(0, 120),
        seen: shows && place.width > 0 && place.right > 0 && place.bottom > 0 && place.top < innerHeight };
    });
    if (stop === null) return { stops, unseen };
    stops.push(stop.text);
    if (!stop.seen) unseen.push(stop.html);
  }
  throw new Error(`the keyboard does not get around: ${stops.slice(-5)}`);
};

/** A server with something of everything: events in every state, jobs, courses, a tool nobody has installed. */
const prepare = async (t) => {
  const stage = new Stage(t);
  await stage.serve();
  await stage.receive("when action=group-imported: error; ok*");
  const page = await open_page(stage, [stage.origin, stage.recorder]);
  const person = new Person(page, stage);
  await person.log_in();
  return { stage, page, person };
};

test("pages with nothing on them", async (t) => {
  const { stage, page, person } = await prepare(t);
  const wrong = [];
  for (const [name, path] of Object.entries({ "empty-tools": "/", "empty-lanes": "/lanes", "empty-courses": "/courses",
    "empty-audit": "/audit", "empty-recorder": stage.recorder })) {
    await person.go(path);
    wrong.push(...await look_at(page, name));
  }
  await page.context().clearCookies();
  for (const [name, path, status] of [["logged-out-tools", "/", 200], ["login", "/login", 200],
    ["login-wrong", "/login?token=wrong", 403], ["not-found", "/nowhere", 404]]) {
    assert.equal(await person.go(path), status);
    wrong.push(...await look_at(page, name));
  }
  assert.deepEqual(wrong, []);
});

test("pages with something of everything", async (t) => {
  const { stage, page, person } = await prepare(t);
  await person.add_tool();
  const quiz = "acme/quiz";
  const set = (...scope) => stage.run("setting", "set", quiz, "--scope", ...scope, "region", "a long value ".repeat(30));
  await set("system");
  const course = write_course(stage.path("course.imscc"), 3);
  const map = ["--map", `tools.acme.example=${quiz}`];
  await stage.run("tool", "save", quiz, "--state", "available");
  await stage.run("course", "restore", course, "--id", "C1", ...map);
  await set("course", "--id", "C1");
  await stage.run("group", "create", "C1", "Blue");
  await stage.run("course", "export", "C1", stage.path("out.imscc")).catch(() => {});
  await stage.run("tool", "save", quiz, "--state", "unavailable");
  await person.restore(course, "C2");
  const restored = new URL(page.url()).pathname;
  await stage.run("course", "restore", course, "--id", "C3");
  await stage.run("setting", "set", quiz, "--scope", "system", "region", "another");
  const waiting = await stage.run("events", "list", quiz, "--state", "pending");
  await stage.run("events", "park", waiting[1].id);
  await stage.run("events", "discard", waiting[2].id, "--reason", "no longer wanted");
  const event_in = async (state) => (await stage.run("events", "list", "--state", state))[0].id;
  const item = (await stage.run("content", "list", "C1"))[0].content_id;
  // A save that comes to nothing, and one that goes on while it is looked at.
  await stage.kill_tool();
  await person.save_as("available");
  await page.locator("#job.bad").waitFor();
  await stage.receive("slow 5000");

  const pages = {
    tools: "/", tool: TOOL, "tool-events": `${TOOL}/events?state=`, "tool-settings": `${TOOL}/settings`,
    "tool-policy": `${TOOL}/policy`, "tool-pull": `${TOOL}/pull`, "tool-replay": `${TOOL}/replay`,
    "tool-preview": `${TOOL}/replay?from=waiting&preview=1`, "tool-reregister": `${TOOL}/reregister`,
    "tool-remove": `${TOOL}/remove`, lanes: "/lanes", policies: "/policies", policy: "/policies/blackboard",
    "policy-check": "/policies/check", audit: "/audit", job: "/jobs/1", courses: "/courses", course: "/courses/C1",
    "course-delete": "/courses/C1/delete", item: `/content/${item}`, restored, try: "/try",
    "event-pending": `/events/${waiting[0].id}`, "event-parked": `/events/${waiting[1].id}`,
    "event-discarded": `/events/${waiting[2].id}`, "event-delivered": `/events/${await event_in("delivered")}`,
  };
  const other = (await stage.run("lanes")).map((lane) => lane.tool).find((tool) => tool !== quiz);
  assert.ok(other, "links that no tool is known for wait under a name of their own");
  pages["tool-not-installed"] = `/tools/${other}`;
  const wrong = [];
  for (const [name, path] of Object.entries(pages)) {
    assert.equal(await person.go(path), 200, path);
    wrong.push(...await look_at(page, name));
    const { unseen } = await tab_through(page);
    wrong.push(...unseen.map((html) => `${name}: the focus does not show on ${html}`));
  }
  assert.deepEqual(wrong, []);
});

test("pages of what goes on, and of what went wrong", async (t) => {
  const { stage, page, person } = await prepare(t);
  const wrong = [];
  await person.add_tool("<tool-profile");
  await page.getByRole("alert").waitFor();
  wrong.push(...await look_at(page, "tool-refused"));
  await person.add_tool();
  await stage.run("tool", "save", "acme/quiz", "--state", "unavailable");
  await person.restore(stage.write("holiday.imscc", "no package"), "C1");
  await page.getByRole("alert").waitFor();
  wrong.push(...await look_at(page, "restore-refused"));
  await person.go("/policies/check");
  await page.getByLabel("Document").fill("<delivery-policy");
  await person.press("Check");
  await page.getByRole("alert").waitFor();
  wrong.push(...await look_at(page, "policy-refused"));

  await person.restore(write_course(stage.path("course.imscc"), 5), "C1");
  await person.switch_faults("when action=state-change: ok; when action=course-imported: error; ok, slow 60000");
  wrong.push(...await look_at(page, "recorder"));
  await person.save_as("available");
  await page.locator("#job progress").waitFor();
  wrong.push(...await look_at(page, "walk"));
  await person.go("/");
  wrong.push(...await look_at(page, "tools-walk"));
  await person.go(TOOL);
  await person.press("Stop", page.locator("#job"));
  await page.locator("#job").getByText("It stops after").waitFor();
  wrong.push(...await look_at(page, "walk-stopping"));

  const refused = (await stage.run("events", "list", "--state", "refused"))[0].id;
  await person.go(`/events/${refused}`);
  wrong.push(...await look_at(page, "event-refused"));
  await page.goto(stage.recorder);
  wrong.push(...await look_at(page, "recorder-with-requests"));
  await page.locator("#requests tbody a").first().click();
  await page.getByRole("heading", { name: /^Request \d+/ }).waitFor();
  wrong.push(...await look_at(page, "recorder-request"));
  await person.switch_faults("explode");
  await page.getByRole("alert").waitFor();
  wrong.push(...await look_at(page, "recorder-refused"));
  assert.deepEqual(wrong, []);
});

test("a tool is saved with nothing but the keyboard", async (t) => {
  const { stage, page, person } = await prepare(t);
  await person.add_tool();
  await person.go(TOOL);
  const { stops, unseen } = await tab_through(page);
  assert.deepEqual(unseen, []);
  const save = stops.indexOf("Save");
  assert.ok(save > 0, `Tab reaches Save: ${stops}`);
  assert.equal(stops[0], "To the content");
  await person.go(TOOL);
  for (let step = 0; step <= save; ++step) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement.name === "state")) await page.keyboard.press("ArrowDown");
  }
  const chosen = await page.locator("#save input[name=state]:checked").getAttribute("value");
  await page.keyboard.press("Enter");
  await until("it is saved", async () => (await stage.run("tool", "show", "acme/quiz")).state === chosen);
});
