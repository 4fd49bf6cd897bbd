// What each test has for itself: a directory, `ptb-host serve` with its state in it, and the reference tool. All of it
// has gone when the test ends. Knows no browser.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

const HOST = process.env.PTB_HOST;
const EXAMPLES = process.env.EXAMPLES;
export const SECRET = "a shared secret";

/** Looks until `look` returns something that counts as true; the test fails where it never does. */
export const until = async (what, look) => {
  for (let looked = 0; looked < 600; ++looked) {
    const seen = await look();
    if (seen) return seen;
    await pause(50);
  }
  throw new Error(`has not come about: ${what}`);
};

export class Stage {
  constructor(t) {
    this.directory = mkdtempSync(join(tmpdir(), "ptb-browser-"));
    this.log_file = this.path("tool.jsonl");
    this.tool_port = 0;
    this.running = new Set();
    this.at_end = []; // what must happen before its processes end
    this.write("secret.txt", `${SECRET}\n`);
    t.after(() => this.end());
  }

  path(name) { return join(this.directory, name); }
  write(name, text) {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  start(args) {
    const process = spawn(HOST, ["--state", this.path("state"), ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const said = { text: "" };
    for (const pipe of [process.stdout, process.stderr]) pipe.on("data", (bytes) => { said.text += bytes; });
    process.said = said;
    process.gone = once(process, "exit");
    this.running.add(process);
    process.on("exit", () => this.running.delete(process));
    return process;
  }
  async said_by(process, pattern) {
    const found = await until(`${pattern} from ${process.spawnargs.join(" ")}: ${process.said.text}`, () =>
      process.said.text.match(pattern) ?? (process.exitCode === null ? null : ["", undefined]));
    if (found[1] === undefined) throw new Error(process.said.text);
    return found[1];
  }

  /** Returns once it listens; `login` is the address that it has printed. */
  async serve() {
    this.server = this.start(["serve", "--port", "0"]);
    this.login = await this.said_by(this.server, /log in: (\S+)/);
    this.origin = new URL(this.login).origin;
  }

  /** The tool, at the same port as before. */
  async receive(script = "ok*") {
    const port_file = this.path("tool.port");
    rmSync(port_file, { force: true });
    this.tool = this.start(["receive", "--port", String(this.tool_port), "--secret-file", this.path("secret.txt"),
      "--log", this.log_file, "--script", script, "--port-file", port_file]);
    const process = this.tool;
    const port = await until(`the tool: ${process.said.text}`, () => {
      if (process.exitCode !== null) throw new Error(process.said.text);
      return existsSync(port_file) && readFileSync(port_file, "utf8").endsWith("\n") && readFileSync(port_file, "utf8");
    });
    this.tool_port = Number(port);
    this.recorder = `http://127.0.0.1:${this.tool_port}`;
  }
  async kill_tool() {
    this.tool.kill("SIGKILL");
    await this.tool.gone;
  }

  /** docs/examples/tool.xml, at the port of this stage's tool; `codes` instead of acme/quiz. */
  descriptor(vendor = "acme", program = "quiz") {
    return readFileSync(join(EXAMPLES, "tool.xml"), "utf8").replace("127.0.0.1:8099", `127.0.0.1:${this.tool_port}`)
      .replace("<code>acme</code>", `<code>${vendor}</code>`).replace("<code>quiz</code>", `<code>${program}</code>`);
  }
  example(name) { return readFileSync(join(EXAMPLES, name), "utf8"); }

  /** A command, which the server carries out. What it prints, parsed; its exit status does not matter. */
  async run(...args) {
    const ran = await promisify(execFile)(HOST, ["--state", this.path("state"), "--json", ...args]).catch((error) => error);
    if (ran.stdout === "") throw new Error(`${args.join(" ")}: ${ran.stderr}`);
    return JSON.parse(ran.stdout);
  }

  /** What the tool has been told of, oldest first: only what bears an event id. */
  heard() {
    const lines = readFileSync(this.log_file, "utf8").split("\n").filter((line) => line !== "").map(JSON.parse);
    return lines.map((line) => ({ ...line, ...Object.fromEntries(line.params) })).filter((line) => line.event_id);
  }

  async end() {
    try {
      for (const act of this.at_end) await act();
    } finally {
      await this.end_processes();
      rmSync(this.directory, { recursive: true, force: true });
    }
  }
  async end_processes() {
    // The tool first: the server waits for what it has asked it.
    for (const process of [...this.running].reverse()) {
      process.kill("SIGTERM");
      const gone = await Promise.race([process.gone.then(() => true), pause(10_000, false, { ref: false })]);
      if (!gone) process.kill("SIGKILL");
      await process.gone;
    }
  }
}
