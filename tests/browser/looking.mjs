// How a page is looked at: light and dark, wide and narrow. axe finds nothing serious, nothing sticks out, the keyboard
// gets everywhere and shows where it is. A picture of each is kept.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { open_page } from "./browser.mjs";
import { Person } from "./person.mjs";
import { Stage } from "./stage.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const COLOURS = { runOnly: ["color-contrast", "link-in-text-block"] };
const LOOKS = [
  { name: "light", colorScheme: "light", width: 1280, height: 900, rules: {} },
  { name: "dark", colorScheme: "dark", width: 1280, height: 900, rules: COLOURS },
  { name: "narrow", colorScheme: "light", width: 360, height: 740, rules: COLOURS },
  { name: "opened", colorScheme: "dark", width: 360, height: 740, rules: {}, opens: true }, // with what is folded away
];

const found_by_axe = async (page, look) => {
  if (!await page.evaluate(() => "axe" in globalThis)) await page.evaluate(AXE);
  return page.evaluate(async (rules) => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"], ...rules });
    return violations.filter((found) => ["serious", "critical"].includes(found.impact))
      .flatMap((found) => found.nodes.map((node) => `${found.impact} ${found.id}: ${node.html.slice(0, 200)}`));
  }, look.rules);
};

/** What makes the page wider than the window. */
const sticks_out = (page) => page.evaluate(() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  return [...document.body.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1)
    .map((one) => one.outerHTML.slice(0, 120)).slice(-3).concat(`${root.scrollWidth} > ${root.clientWidth}`);
});

/** Looks at the page that is open, as each kind of person sees it. */
export const look_at = async (page, name) => {
  const wrong = [];
  for (const look of LOOKS) {
    await page.setViewportSize({ width: look.width, height: look.height });
    await page.emulateMedia({ colorScheme: look.colorScheme });
    if (look.opens) await page.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
    for (const found of [...await found_by_axe(page, look), ...await sticks_out(page)])
      wrong.push(`${name}, ${look.name}: ${found}`);
    await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}-${look.name}.png`), fullPage: true });
  }
  return wrong;
};

/** Tabs through the whole page. Returns what had the focus, and what did not show it. */
export const tab_through = async (page) => {
  await page.evaluate(() => {
    const seen = new Set();
    globalThis.stops = [];
    document.activeElement?.blur();
    document.addEventListener("focusin", ({ target: one }) => {
      globalThis.came_around = seen.has(one);
      if (globalThis.came_around) return;
      seen.add(one);
      const style = getComputedStyle(one);
      const place = one.getBoundingClientRect();
      const shows = one.matches(":focus-visible") && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
      globalThis.stops.push({ text: (one.innerText || one.name || one.id).trim(), html: one.outerHTML.slice(0, 120),
        seen: shows && place.width > 0 && place.right > 0 && place.bottom > 0 && place.top < innerHeight });
    });
  });
  for (let step = 0; step < 20; ++step) {
    for (let press = 0; press < 10; ++press) await page.keyboard.press("Tab");
    if (!await page.evaluate(() => globalThis.came_around)) continue;
    const stops = await page.evaluate(() => globalThis.stops);
    return { stops: stops.map((stop) => stop.text), unseen: stops.filter((stop) => !stop.seen).map((stop) => stop.html) };
  }
  throw new Error("the keyboard does not get around");
};

/** A server, a tool, and a browser that has logged in. */
export const prepare = async (t) => {
  const stage = new Stage(t);
  await stage.serve();
  await stage.receive();
  const page = await open_page(stage, [stage.origin, stage.recorder]);
  const person = new Person(page, stage);
  await person.log_in();
  return { stage, page, person };
};
