// Pages with nothing on them yet, of what goes on, and of what went wrong; and a page by keyboard alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { write_course } from "./course.mjs";
import { look_at, prepare, tab_through } from "./looking.mjs";
import { TOOL } from "./person.mjs";
import { until } from "./stage.mjs";

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
