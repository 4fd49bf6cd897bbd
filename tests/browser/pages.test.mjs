// Every page of a server with something of everything: events in every state, courses, a tool that nobody has installed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { write_course } from "./course.mjs";
import { look_at, prepare, tab_through } from "./looking.mjs";
import { TOOL } from "./person.mjs";

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
