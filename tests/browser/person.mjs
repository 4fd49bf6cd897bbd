// What a person does on the pages, with nothing but what the pages show.
import { LAUNCH_HOST } from "./course.mjs";
import { SECRET } from "./stage.mjs";

export const TOOL = "/tools/acme/quiz";

export class Person {
  constructor(page, stage) {
    this.page = page;
    this.stage = stage;
  }

  async go(path) {
    const answer = await this.page.goto(new URL(path, this.stage.origin).href);
    return answer.status();
  }
  async press(name, within = this.page) { await within.getByRole("button", { name, exact: true }).click(); }
  /** The text of a part of the page, with single spaces. */
  async read(selector) { return (await this.page.locator(selector).innerText()).replace(/\s+/g, " "); }

  async log_in() {
    await this.page.goto(this.stage.login);
    await this.page.getByRole("button", { name: "Log out" }).waitFor();
  }
  async add_tool(document = this.stage.descriptor()) {
    await this.go("/");
    const form = this.page.locator("#add form");
    await form.getByLabel("Registration document").fill(document);
    await form.getByLabel("Shared secret").fill(SECRET);
    await form.getByLabel("Plain http, without encryption").check();
    await form.getByLabel("Private addresses, such as").check();
    await this.press("Add the tool", form);
  }
  /** Returns on the page of the tool, where the save is seen. */
  async save_as(state) {
    await this.go(TOOL);
    const form = this.page.locator("#save form");
    await form.locator(`input[name=state][value=${state}]`).check();
    await this.press("Save", form);
  }
  async set(key, value) {
    await this.go(`${TOOL}/settings`);
    const form = this.page.locator("#change form");
    await form.getByLabel("Key", { exact: true }).fill(key);
    await form.getByLabel("Value", { exact: true }).fill(value);
    await this.press("Set", form);
  }
  async restore(file, course) {
    await this.go("/courses");
    const form = this.page.locator("form[action='/courses/restore']");
    await form.getByLabel("Course package").setInputFiles(file);
    await form.getByLabel("Id of the new course").fill(course);
    await form.getByLabel("Which links belong to which tool").fill(`${LAUNCH_HOST}=acme/quiz`);
    await this.press("Restore", form);
  }
  /** On the page of the tool itself. */
  async switch_faults(script) {
    await this.page.goto(this.stage.recorder);
    await this.page.getByLabel("Fault script").fill(script);
    await this.press("Switch");
  }
}
