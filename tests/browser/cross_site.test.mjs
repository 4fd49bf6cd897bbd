// A page of another site in the browser of somebody who is logged in: its forms change nothing.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { open_page } from "./browser.mjs";
import { Person, TOOL } from "./person.mjs";
import { Stage } from "./stage.mjs";

/** A site whose every page is `html`. Port of 127.0.0.1; it is another origin, and under localhost another site too. */
const other_site = async (t, html) => {
  const server = createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end(html));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close() && server.closeAllConnections());
  return server.address().port;
};

const form_to = (action, fields) => `<!doctype html><title>Win a prize</title><link rel="icon" href="data:,">
<form method="post" action="${action}">
${Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`).join("")}
</form><script>document.forms[0].submit()</script>`;

test("a form of another site changes nothing", async (t) => {
  const stage = new Stage(t);
  await stage.serve();
  await stage.receive();
  const target = `${stage.origin}${TOOL}/save`;
  const port = await other_site(t, form_to(target, { state: "unavailable" }));
  const guesser = await other_site(t, form_to(target, { state: "unavailable", form_word: "guessed" }));
  const origins = [`http://127.0.0.1:${port}`, `http://localhost:${port}`, `http://localhost:${guesser}`];
  const page = await open_page(stage, [stage.origin, ...origins]);
  const person = new Person(page, stage);
  await person.log_in();
  await person.add_tool();
  const state = async () => (await stage.run("tool", "show", "acme/quiz")).state;
  const before = await state();
  assert.notEqual(before, "unavailable");

  for (const origin of origins) {
    const refused = page.waitForResponse(target);
    await page.goto(`${origin}/`);
    assert.equal((await refused).status(), 403, origin);
    assert.equal(await state(), before);
  }
  // The same form on the server's own page is taken.
  const taken = page.waitForResponse(target);
  await person.save_as("unavailable");
  assert.equal((await taken).status(), 303);
});

test("a page of another site reads nothing", async (t) => {
  const stage = new Stage(t);
  await stage.serve();
  const port = await other_site(t, "<!doctype html><title>Look around</title><link rel='icon' href='data:,'>");
  const page = await open_page(stage, [stage.origin, `http://localhost:${port}`]);
  const person = new Person(page, stage);
  await person.log_in();
  await page.goto(`http://localhost:${port}/`);
  page.expects = /blocked by CORS policy|net::ERR_FAILED|frame-ancestors/;
  for (const path of ["/", "/api/tools", "/live", "/login"]) {
    const read = await page.evaluate((url) => fetch(url, { credentials: "include" }).then(() => "read", () => "refused"),
      stage.origin + path);
    assert.equal(read, "refused", path);
  }
  // Nor does it get a page into a frame of its own.
  await page.evaluate((url) => {
    const frame = document.createElement("iframe");
    frame.src = url;
    document.body.append(frame);
    return new Promise((done) => { frame.onload = done; });
  }, `${stage.origin}/`);
  const framed = page.frames().find((frame) => frame !== page.mainFrame());
  assert.equal(await framed.locator("h1", { hasText: "Tools" }).count(), 0);
});
