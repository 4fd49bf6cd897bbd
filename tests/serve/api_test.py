"""The JSON API, the live feed, metrics and TLS of `ptb-host serve`."""

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import threading
import time
import unittest

from stage import LONG, Stage, wait_until


class Api(Stage):
    def setUp(self):
        super().setUp()
        self.quiz = self.tool()
        self.install(self.quiz)

    def test_the_whole_story(self):
        serving = self.serve()
        package = self.package(2).read_bytes()
        restored = serving.post("/api/courses-restore?id=_1_1&map=tools.acme.example%3Dacme/quiz", package)
        self.assertEqual(restored.status, 200, restored)
        waiting = serving.get("/api/events?state=pending&tool=acme/quiz").json()["events"]
        self.assertEqual(len(waiting), 3)
        why = serving.get(f"/api/events/{waiting[0]['id']}/explain").json()
        self.assertTrue(why)
        put = serving.request("PUT", "/api/tools/acme/quiz/settings", {"scope": "system", "key": "k", "value": "v"})
        self.assertEqual(put.status, 200, put)
        self.quiz.start()
        saved = serving.post("/api/tools/acme/quiz/save", {"state": "available"})
        self.assertEqual(saved.status, 200)
        self.assertEqual(saved.json()["state"], "done")
        self.assertEqual(saved.json()["result"]["acknowledged"], 3)
        self.assertEqual(serving.get("/api/events?state=pending").json()["events"], [])
        serving.request("PUT", "/api/tools/acme/quiz/policy", {"policy": "blackboard"})
        # Whoever asks is named in the audit trail, as he calls himself.
        serving.post("/api/lanes/hold", {"all": True, "reason": "lunch"}, headers={"X-Ptb-As": "anna"})
        who = [entry["who"] for entry in serving.get("/api/audit").json()["entries"]]
        self.assertIn("anna", who)
        self.assertIn("web", who)

    def test_a_save_as_a_job(self):
        self.restore(30)
        self.quiz.start("ok, slow 100")
        serving = self.serve()
        begun = serving.post("/api/tools/acme/quiz/save?wait_ms=0", {"state": "available"})
        self.assertEqual(begun.status, 202)
        job = begun.json()
        self.assertEqual((job["state"], job["tool"], job["result"]), ("running", "acme/quiz", None))
        wait_until(lambda: len(self.quiz.events()) >= 2, "two events")
        walks = serving.get("/api/walks").json()["walks"]
        self.assertEqual((walks[0]["lane"], walks[0]["total"], walks[0]["ended"]), ("acme/quiz", 31, False))
        stopping = serving.post(f"/api/jobs/{job['job']}/stop").json()
        self.assertIn(stopping["state"], ("stopping", "failed"))
        ended = wait_until(lambda: (now := serving.get(f"/api/jobs/{job['job']}").json())["ended_at"] and now, "its end")
        self.assertEqual(ended["state"], "failed")
        self.assertGreater(ended["result"]["left"], 0)
        self.assertEqual(serving.post(f"/api/jobs/{job['job']}/stop").status, 404)
        self.assertEqual([one["job"] for one in serving.get("/api/jobs").json()["jobs"]], [job["job"]])

    def test_a_walk_can_be_stopped_by_its_tool(self):
        self.restore(30)
        self.quiz.start("ok, slow 100")
        serving = self.serve()
        serving.post("/api/tools/acme/quiz/save?wait_ms=0", {"state": "available"})
        wait_until(self.quiz.events, "an event")
        self.assertEqual(serving.post("/api/tools/acme/quiz/stop").status, 200)
        wait_until(lambda: serving.get("/api/jobs/1").json()["ended_at"], "the end")
        wait_until(lambda: not serving.get("/api/walks").json()["walks"], "the walk that is not shown any more")

    def test_what_cannot_be_is_refused_with_a_reason(self):
        self.restore(1)
        serving = self.serve()
        deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
        cases = [
            (400, "POST", "/api/courses", b"{"),
            (400, "POST", "/api/courses", b"[]"),
            (400, "POST", "/api/courses", b'"text"'),
            (400, "POST", "/api/courses", b"{}"),
            (400, "POST", "/api/courses", {"course_id": 7}),
            (400, "POST", "/api/courses", b'{"course_id":"\xff"}'),
            (400, "POST", "/api/courses", deep),
            (400, "POST", "/api/courses", b"[" * 1_000_000),
            (400, "POST", "/api/courses", b"course_id=_7_1"),
            (409, "POST", "/api/courses", {"course_id": "_1_1"}),
            (400, "POST", "/api/tools", {"descriptor": "<no"}),
            (400, "POST", "/api/tools/acme/quiz/save", {"state": "on"}),
            (400, "POST", "/api/tools/acme/quiz/save", {"state": "available", "strict": "yes"}),
            (400, "POST", "/api/tools/acme/quiz/save", {"state": "available", "policy": "/etc/passwd"}),
            (400, "POST", "/api/tools/acme/quiz/save?wait_ms=soon", {"state": "available"}),
            (404, "POST", "/api/tools/acme/none/save", {"state": "available"}),
            (404, "GET", "/api/tools/acme/none", None),
            (400, "GET", "/api/events/no-such-event", None),
            (404, "GET", "/api/events/00000000-0000-4000-8000-000000000000", None),
            (404, "GET", "/api/jobs/7", None),
            (404, "GET", "/api/jobs/x", None),
            (404, "GET", "/api/nothing", None),
            (404, "GET", "/nothing", None),
            (404, "GET", "/api/tools//quiz", None),
            (404, "GET", "/api/tools/%zz/quiz", None),
            (400, "GET", "/api/events?limit=0", None),
            (400, "GET", "/api/events?limit=-1", None),
            (400, "GET", "/api/events?limit=9999999999999999999999", None),
            (400, "GET", "/api/events?limit=x", None),
            (400, "GET", "/api/events?state=lost", None),
            (400, "GET", "/api/events?tool=acme", None),
            (400, "GET", "/api/events?after=rubbish", None),
            (400, "GET", "/api/events?state=%zz", None),
            (405, "DELETE", "/api/events", None),
            (405, "POST", "/healthz", None),
            (413, "POST", "/api/courses", b"x" * (17 * 1024 * 1024)),
            (400, "POST", "/api/courses-restore", None),
            (409, "POST", "/api/courses-restore?id=_8_1", b"no package"),
            (400, "PUT", "/api/tools/acme/quiz/settings", {"scope": "world", "key": "k"}),
            (400, "POST", "/api/lanes/hold", {}),
            (400, "POST", "/api/policies-check", {"document": "<policy/>"}),
            (400, "POST", "/api/events-import", {"events": {}}),
            (400, "POST", "/api/forget", {}),
        ]
        for status, method, path, body in cases:
            with self.subTest(f"{method} {path} {str(body)[:60]}"):
                try:
                    answer = serving.request(method, path, body)
                except (BrokenPipeError, ConnectionResetError):
                    self.assertEqual(status, 413)  # it was told while it was still sending
                    continue
                self.assertEqual(answer.status, status, answer)
                if path.startswith("/api"):
                    problem = answer.json()["error"]
                    self.assertTrue(problem)
                    self.assertNotIn("\n", problem)
                    self.assertNotIn("fault of ptb-host", problem)
                    self.assertNotIn(".ptb-upload-", problem)
                if status == 405:
                    self.assertTrue(answer.headers["Allow"])
        self.assertEqual(len(serving.get("/api/courses").json()), 1)

    def test_a_large_limit_is_cut(self):
        self.restore(3)
        serving = self.serve()
        self.assertEqual(len(serving.get("/api/events?limit=999999").json()["events"]), 4)
        first = serving.get("/api/events?limit=1").json()
        self.assertEqual(len(first["events"]), 1)
        rest = serving.get("/api/events?limit=1&after=" + first["next"]).json()
        self.assertNotEqual(first["events"][0]["id"], rest["events"][0]["id"])

    def test_the_live_feed_tells_of_walks_and_changes(self):
        self.restore(10)
        self.quiz.start("ok, slow 100")
        serving = self.serve()
        connection = serving.connect()
        connection.request("GET", "/live", headers={"Accept": "text/event-stream"})
        response = connection.getresponse()
        self.assertTrue(response.headers["Content-Type"].startswith("text/event-stream"))
        told = []

        def listen():
            name = ""
            for line in response:
                text = line.decode().rstrip("\n")
                if text.startswith("event: "):
                    name = text[7:]
                elif text.startswith("data: "):
                    told.append((name, json.loads(text[6:])))

        listening = threading.Thread(target=listen, daemon=True)
        listening.start()
        serving.post("/api/tools/acme/quiz/save?wait_ms=0", {"state": "available"})
        wait_until(lambda: any(name == "walk" and walk["ended"] for name, walk in list(told)), "the end of the walk")
        done = [walk["done"] for name, walk in told if name == "walk"]
        self.assertEqual(done, sorted(done))
        self.assertEqual(done[-1], 11)
        self.assertGreater(len(done), 2)
        before = len([name for name, _ in told if name == "changed"])
        serving.post("/api/courses", {"course_id": "_9_1"})
        self.assertGreater(before, 0)
        serving.stop()
        listening.join(LONG)  # the stream ends with the server
        self.assertFalse(listening.is_alive())
        connection.close()

    def test_a_walk_that_stopped_is_told_to_have_ended(self):
        self.restore(10)
        self.quiz.start("ok, ok, ok, drop")
        serving = self.serve()
        self.assertEqual(serving.post("/api/tools/acme/quiz/save", {"state": "available"}).json()["state"], "failed")
        wait_until(lambda: not serving.get("/api/walks").json()["walks"], "no walk")

    def test_metrics_are_well_formed_and_move(self):
        self.restore(2)
        serving = self.serve()

        def value(text, sample):
            found = re.search("^" + re.escape(sample) + r" (\S+)$", text, re.MULTILINE)
            return float(found.group(1)) if found else None

        before = serving.get("/metrics")
        self.assertIn("version=0.0.4", before.headers["Content-Type"])
        before = before.body.decode()
        self.assertEqual(value(before, 'ptbridge_waiting_events{tool="acme/quiz"}'), 3)
        self.assertEqual(value(before, 'ptbridge_tool_available{tool="acme/quiz"}'), 0)
        self.assertGreater(value(before, 'ptbridge_oldest_waiting_seconds{tool="acme/quiz"}'), 0)
        self.quiz.start()
        serving.post("/api/tools/acme/quiz/save", {"state": "available"})
        after = serving.get("/metrics").body.decode()
        self.assertEqual(value(after, 'ptbridge_waiting_events{tool="acme/quiz"}'), 0)
        self.assertEqual(value(after, 'ptbridge_tool_available{tool="acme/quiz"}'), 1)
        self.assertEqual(value(after, 'ptbridge_event_outcomes_total{tool="acme/quiz",state="delivered"}'), 3)
        self.assertGreater(value(after, "ptb_host_http_requests_total"), value(before, "ptb_host_http_requests_total"))
        self.assertGreater(value(after, "process_resident_memory_bytes"), 1e6)
        if shutil.which("promtool") is None:
            self.skipTest("promtool is not installed (package prometheus): the format was not checked by it")
        for text in (before, after):
            checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
            self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_says_whether_it_is_there_and_ready(self):
        serving = self.serve()
        self.assertEqual((serving.get("/healthz").status, serving.get("/healthz").body), (200, b"ok\n"))
        self.assertEqual((serving.get("/readyz").status, serving.get("/readyz").body), (200, b"ready\n"))
        for path in ("/healthz", "/api/tools", "/metrics"):
            self.assertEqual(serving.get(path).headers["X-Content-Type-Options"], "nosniff")
        head = serving.request("HEAD", "/healthz", token=None)
        self.assertEqual((head.status, head.body), (200, b""))

    def test_stops_while_a_request_waits_for_a_long_walk(self):
        self.restore(200)
        self.quiz.start("ok, slow 100")
        serving = self.serve()
        answers = []
        asking = threading.Thread(
            target=lambda: answers.append(serving.post("/api/tools/acme/quiz/save?wait_ms=600000", {"state": "available"})))
        asking.start()
        wait_until(lambda: len(self.quiz.events()) >= 2, "two events")
        self.assertEqual(serving.stop(), 0)
        asking.join(LONG)
        self.assertEqual(answers[0].json()["state"], "failed")
        self.assertLess(len(self.quiz.events()), 200)

    def test_the_access_log_has_no_queries_and_the_log_file_is_private(self):
        log = self.directory / "access.log"
        serving = self.serve("--access-log", log)
        serving.get("/api/events?tool=acme/secret-name")
        serving.post("/api/courses", {"course_id": "_4_1"})
        serving.stop()
        lines = log.read_text().splitlines()
        self.assertEqual(len(lines), 2)
        self.assertRegex(lines[0], r"^\S+Z 127\.0\.0\.1:\d+ GET /api/events 200 \d+ [\d.]+ ms$")
        self.assertNotIn("secret-name", log.read_text())
        self.assertNotIn(serving.token, log.read_text())
        self.assertEqual(log.stat().st_mode & 0o777, 0o600)

    def test_over_TLS(self):
        certificate, key = str(self.directory / "cert.pem"), str(self.directory / "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
                        "-out", certificate], check=True, capture_output=True)
        serving = self.serve(tls=(certificate, key))
        self.assertEqual(serving.get("/api/tools").status, 200)
        self.assertEqual(serving.post("/api/courses", {"course_id": "_4_1"}).status, 200)
        self.assertIn("https://127.0.0.1:", serving.log_file.read_text())
        self.assertEqual(serving.stop(), 0)

    def test_a_start_that_fails_says_why_in_one_line(self):
        serving = self.serve()
        other = self.directory / "other"
        cases = [(["--port", str(serving.port)], "is in use"), (["--port", "0", "--tls-cert", "/nowhere"], "--tls-key"),
                 (["--port", "0", "--address", "nowhere"], "is no address"),
                 (["--port", "0", "--access-log", "/nowhere/log"], "/nowhere/log")]
        for options, text in cases:
            with self.subTest(options):
                status, _, err = self.run_command("serve", *options, state=other)
                self.assertEqual(status, 1, err)
                self.assertIn(text, err)
                self.assertEqual(err.count("\n"), 1, err)
        status, _, err = self.run_command("--pumped", "serve", "--port", "0", state=other)
        self.assertEqual(status, 2)
        self.assertIn("--pumped", err)


if __name__ == "__main__":
    unittest.main()
