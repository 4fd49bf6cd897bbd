"""What the tests of `ptb-host serve` stand on: a state directory, the reference tool, a served state, and HTTP."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import unittest
import zipfile

PTB_HOST = os.environ["PTB_HOST"]
EXAMPLES = pathlib.Path(os.environ["PTB_EXAMPLES"])
# Seconds. Nothing here takes as long: whoever waits for it in vain fails instead of hanging.
LONG = int(os.environ.get("PTB_TEST_SECONDS", "120"))

ENV = {key: value for key, value in os.environ.items() if key not in ("PTB_STATE", "NO_COLOR")}
ENV["USER"] = "tester"
if "PTB_PLUGIN_FILE" in os.environ:
    ENV["PTB_PLUGIN"] = os.environ["PTB_PLUGIN_FILE"]

SECRET = "it is shared"


def wait_until(what, text):
    """Waits for something that another process does; fails when it never does."""
    deadline = time.monotonic() + LONG
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("never came: " + text)


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


class Tool:
    """The reference tool, always on the same port, so that it can be down and yet be known."""

    def __init__(self, directory, name="quiz"):
        self.directory = pathlib.Path(directory)
        self.name = name
        self.secret_file = self.directory / f"{name}.secret"
        self.secret_file.write_text(SECRET + " by " + name)
        self.secret = SECRET + " by " + name
        self.log_file = self.directory / f"{name}.jsonl"
        self.process = None
        self.port = 0
        self.start()
        self.stop()
        text = (EXAMPLES / "tool.xml").read_text().replace("http://127.0.0.1:8099", f"http://127.0.0.1:{self.port}")
        self.descriptor = text.replace("<code>quiz</code>", f"<code>{name}</code>")
        self.descriptor_file = self.directory / f"{name}.xml"
        self.descriptor_file.write_text(self.descriptor)

    def start(self, script="ok*"):
        port_file = self.directory / f"{self.name}.port"
        port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [PTB_HOST, "receive", "--port", str(self.port), "--port-file", port_file, "--secret-file", self.secret_file,
             "--log", self.log_file, "--script", script],
            env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.port = int(wait_until(lambda: port_file.exists() and port_file.read_text().strip(), "the tool's port"))

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def log(self):
        if not self.log_file.exists():
            return []
        return [json.loads(line) for line in self.log_file.read_text().splitlines() if line.endswith("}")]

    def events(self):
        """(action, event_id) of each event that came, in order."""
        params = [dict(line["params"]) for line in self.log()]
        return [(one.get("action"), one["event_id"]) for one in params if "event_id" in one]


class Serving:
    """One `ptb-host serve`."""

    def __init__(self, state, *options, tls=None, env=None):
        self.state = pathlib.Path(state)
        self.tls = tls
        port_file = self.state.parent / (self.state.name[:40] + ".port")
        port_file.unlink(missing_ok=True)
        self.log_file = self.state.parent / (self.state.name[:40] + ".serve.log")
        more = ["--tls-cert", tls[0], "--tls-key", tls[1]] if tls else []
        with open(self.log_file, "w") as log:
            self.process = subprocess.Popen(
                [PTB_HOST, "--state", state, "--contact-interval-ms", "20", "serve", "--port", "0", "--port-file",
                 port_file, *more, *options],
                env=env or ENV, stdout=log, stderr=subprocess.STDOUT)
        self.port = int(wait_until(lambda: self.read_port(port_file), "the server's port"))
        self.token = (self.state / "token").read_text().strip()

    def read_port(self, file):
        if self.process.poll() is not None:
            raise AssertionError("serve ended: " + self.log_file.read_text())
        return file.exists() and file.read_text().strip()

    def connect(self):
        if self.tls:
            context = ssl.create_default_context(cafile=self.tls[0])
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=LONG, context=context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONG)

    def request(self, method, path, body=None, headers=None, token=True):
        """`token`: True for the right one, None for none, or another text. A body that is no bytes is sent as JSON."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = "Bearer " + (self.token if token is True else token)
        if body is not None and not isinstance(body, (bytes, bytearray)):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = self.connect()
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.request("GET", path, token=None, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, body, **more)

    def stop(self, how=signal.SIGTERM):
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=LONG)


class Stage(unittest.TestCase):
    """Each test has a directory of its own, and ends what it has started."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="ptb-serve-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.state = self.directory / "state"

    def tool(self, name="quiz"):
        tool = Tool(self.directory, name)
        self.addCleanup(tool.stop)
        return tool

    def serve(self, *options, **more):
        serving = Serving(more.pop("state", self.state), *options, **more)
        self.addCleanup(serving.stop, signal.SIGKILL)
        return serving

    def command(self, *words, state=None, **more):
        """A command, begun."""
        return subprocess.Popen([PTB_HOST, "--state", state or self.state, *words], env=more.pop("env", ENV),
                                stdout=more.pop("stdout", subprocess.PIPE), stderr=more.pop("stderr", subprocess.PIPE),
                                text=True, **more)

    def run_command(self, *words, **more):
        """(exit status, stdout, stderr)."""
        process = self.command(*words, **more)
        out, err = process.communicate(timeout=LONG)
        return process.returncode, out, err

    def ok(self, *words, **more):
        """What a command that goes well prints as JSON."""
        status, out, err = self.run_command("--json", *words, **more)
        self.assertEqual(status, 0, f"{words}: {err}{out}")
        return json.loads(out)

    def install(self, tool):
        self.ok("tool", "add", tool.descriptor_file, "--secret-file", tool.secret_file, "--allow-private",
                "--allow-http")

    def package(self, links, name="course.imscc"):
        """A course with so many links to acme/quiz."""
        file = self.directory / name
        with zipfile.ZipFile(EXAMPLES / "course.imscc") as example:
            quiz = example.read("quiz1.xml").decode()
        items = "".join(f'<item identifier="I{i}" identifierref="R{i}"><title>Quiz {i}</title></item>'
                        for i in range(links))
        resources = "".join(f'<resource identifier="R{i}" type="imsbasiclti_xmlv1p0"><file href="q{i}.xml"/></resource>'
                            for i in range(links))
        with zipfile.ZipFile(file, "w") as made:
            made.writestr("imsmanifest.xml", f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="m" xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1">
<metadata><schema>IMS Common Cartridge</schema><schemaversion>1.1.0</schemaversion></metadata>
<organizations><organization identifier="O" structure="rooted-hierarchy"><item identifier="root">{items}</item>
</organization></organizations><resources>{resources}</resources></manifest>""")
            for i in range(links):
                made.writestr(f"q{i}.xml", quiz)
        return file

    def restore(self, links=2, course="_1_1", tool="acme/quiz"):
        return self.ok("course", "restore", self.package(links), "--id", course, "--map",
                       "tools.acme.example=" + tool)
