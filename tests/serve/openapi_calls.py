"""Makes at least one call of each operation of the API, and has check.mjs hold them against schema/openapi.yaml."""

import json
import os
import re
import socket
import subprocess
import sys
import unittest

from stage import Stage

API = ("/api", "/lti/", "/.well-known/", "/healthz", "/readyz", "/metrics", "/live")


class OpenApi(Stage):
    def call(self, method, pattern, body=None, token=True, query="", **places):
        path = re.sub(r"{(\w+)}", lambda name: str(places.get(name[1], self.places.get(name[1]))), pattern)
        answer = self.serving.request(method, path + query, body, token=token)
        kind = answer.headers["Content-Type"] or ""
        self.calls.append({
            "method": method, "path": pattern, "status": answer.status, "type": kind,
            "sent": None if isinstance(body, bytes) else body,
            "answer": answer.json() if kind.startswith("application/json") else answer.body.decode(errors="replace")})
        return self.calls[-1]["answer"]

    def live(self):
        with socket.create_connection(("127.0.0.1", self.serving.port)) as connection:
            connection.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            head = connection.recv(4096).decode()
        self.calls.append({"method": "GET", "path": "/live", "status": int(head.split()[1]),
                           "type": re.search("(?i)content-type: (.*)\r", head)[1], "sent": None, "answer": ""})

    def post_package(self, course, tool):
        self.call("POST", "/api/courses-restore", self.package(1).read_bytes(),
                  query=f"?id={course}&map=tools.acme.example%3D{tool}")

    def make_calls(self):
        quiz, poll, call = self.quiz, self.poll, self.call
        one = "/api/tools/{vendor}/{program}"
        call("POST", "/api/tools", {"descriptor": poll.descriptor, "secret": poll.secret, "allow_private": True,
                                    "allow_http": True, "policy": "open-connectors-queue"})
        event = call("GET", "/api/events", query="?limit=1")["events"][0]["id"]
        self.places.update(id=event)
        for path in ("/api/tools", one, one + "/settings", one + "/policy", "/api/events/{id}", "/api/events/{id}/explain",
                     "/api/audit", "/api/courses", "/api/courses/{course}/content", "/api/lanes", "/api/walks", "/api/samples",
                     "/api/policies", "/api/policies/{preset}", "/healthz", "/readyz", "/metrics", "/.well-known/jwks.json",
                     "/api/openapi.yaml"):
            call("GET", path, token=None)
        call("POST", "/api/events/{id}/park", {"reason": "to see"})
        call("POST", one + "/save", {"state": "sometimes"})
        call("POST", one + "/save", {"state": "available"}, vendor="no", program="tool")
        quiz.start("ok, ok, error, ok, drop")
        call("POST", one + "/save", {"state": "available", "strict": False})  # stops
        call("GET", "/api/lanes")
        quiz.stop()
        quiz.start("ok*")
        call("POST", one + "/save", {"state": "available"}, query="?wait_ms=0")
        call("POST", one + "/save", {"state": "available"})
        call("POST", "/api/events/{id}/unpark", {})
        call("POST", "/api/events/{id}/retry")
        call("POST", one + "/ping")
        call("POST", one + "/replay", {"dry_run": True, "from_event": event})
        call("POST", one + "/replay", {"from_event": event})
        refused = self.serving.get("/api/events?state=refused").json()["events"]
        self.assertTrue(refused)
        call("POST", "/api/events/{id}/retry", None, id=refused[0]["id"])
        call("GET", "/api/events/{id}/explain", id=refused[0]["id"])
        call("POST", one + "/stop")
        call("POST", "/api/store/check")
        for _ in range(2):  # the second one is refused
            call("POST", "/api/store/backup", {"file": str(self.directory / "kept.db")})
        call("POST", "/api/lanes/hold", {"tool": "acme/quiz", "reason": "lunch"})
        call("POST", "/api/lanes/release", {"all": True})
        call("GET", "/api/jobs")
        call("GET", "/api/jobs/{job}")
        call("GET", "/api/jobs/{job}", job=999)
        call("PUT", one + "/settings", {"scope": "system", "key": "colour", "value": "red"})
        call("PUT", one + "/policy", {"policy": "blackboard", "with": "restart=next,settle=1"})
        self.post_package("_6_1", "acme/quiz")
        call("POST", "/api/courses-restore", b"no matter what", token=None)
        call("POST", "/api/courses", {"course_id": "_7_1"})
        call("POST", "/api/courses", {"course_id": "_7_1"})
        call("POST", "/api/courses/{course}/groups", {"name": "north"})
        call("GET", "/api/courses/{course}/groups")
        item = self.serving.get("/api/courses/_1_1/content").json()[0]["content_id"]
        call("POST", "/api/courses/{course}/copy", {"to": "_8_1", "exact": True, "user_id": "_3_1"})
        call("POST", "/api/content/{item}/copy", {"to": "_7_1", "delete": False}, item=item)
        call("POST", "/api/content/{item}/known", {"external_content_id": "e1"}, item=item)
        # Pulled by the other tool, which is available and does not answer.
        poll.start()
        call("POST", one + "/save", {"state": "available"}, program="poll")
        poll.stop()
        self.post_package("_9_1", "acme/poll")
        pull = "/api/pull/{vendor}/{program}"
        own = {"program": "poll", "token": poll.secret}
        call("GET", "/api/events", query="?tool=acme/poll")
        call("GET", pull, **own)
        call("GET", pull, token=None)
        taken = call("POST", pull + "/take", {"limit": 2, "lease_s": 60}, **own)
        ids = [each["id"] for each in taken["events"]]
        self.assertEqual(len(ids), 2)
        call("POST", pull + "/ack", {"token": taken["token"], "ids": ids[:1]}, **own)
        call("POST", pull + "/give-back", {"token": taken["token"], "ids": ids}, **own)
        call("POST", "/api/events/{id}/discard", {"reason": "not needed"}, id=ids[1])
        # Away, and to another installation.
        lines = call("GET", "/api/events-export", query="?limit=3")["events"]
        call("POST", "/api/events-import", {"events": lines})
        document = self.serving.get("/api/policies/shuttle").json()["document"]
        call("POST", "/api/policies-check", {"document": document}, token=None)
        call("POST", "/api/policies-check", {"document": "<policy/>"}, token=None)
        call("POST", "/api/courses/{course}/export", {}, course="_9_1")
        call("DELETE", "/api/courses/{course}", course="_9_1")
        call("POST", "/api/forget", {"course": "_9_1"})
        self.live()
        after = call("GET", "/api/audit", query="?limit=2")["next"]
        self.assertEqual(call("GET", "/api/audit", query=f"?limit=1&after={after}")["entries"][0]["number"], after + 1)
        handlers = "/lti/notice-handlers/{vendor}/{program}"
        lti = quiz.descriptor.replace("<code>quiz</code>", "<code>lti</code>")
        call("POST", "/api/tools", {"descriptor": lti, "wire": "lti-notice", "endpoint": f"http://127.0.0.1:{quiz.port}/n", "lti_client_id": "c", "lti_deployment_id": "d",
                                    "allow_private": True, "allow_http": True})
        call("PUT", handlers, {"notice_type": "LtiContextCopyNotice", "handler": f"http://127.0.0.1:{quiz.port}/n",
                               "max_batch_size": 3}, program="lti")
        call("GET", handlers, program="lti")
        call("GET", handlers, program="lti", token=None)
        # A job that can be stopped.
        quiz.stop()
        quiz.start("ok, slow 500")
        call("POST", "/api/courses/{course}/copy", {"to": "_10_1", "exact": True}, query="")
        job = call("POST", one + "/replay", {"from_event": event}, query="?wait_ms=0")
        call("GET", "/api/walks")
        call("POST", "/api/jobs/{job}/stop", job=job["job"])
        quiz.stop()
        quiz.start("ok*")
        call("POST", one + "/reregister", {"password": "p"})
        self.post_package("_11_1", "acme/gone")
        call("POST", one + "/claim", {"from": "acme/gone"})
        call("DELETE", one)
        call("GET", one)
        routes = call("GET", "/api", token=None)["routes"]
        return [route for route in routes if route["path"].startswith(API) and route["path"] != "/live.js"]

    def test_the_description_fits_the_server(self):
        self.quiz, self.poll = self.tool("quiz"), self.tool("poll")
        self.install(self.quiz)
        self.restore(3)
        self.serving = self.serve()
        self.calls = []
        self.places = {"vendor": "acme", "program": "quiz", "course": "_1_1", "preset": "shuttle", "job": 1}
        routes = self.make_calls()
        description = self.directory / "openapi.yaml"
        description.write_bytes(self.serving.get("/api/openapi.yaml").body)
        calls = self.directory / "calls.json"
        calls.write_text(json.dumps({"routes": routes, "calls": self.calls}))
        check = os.environ["CHECK"]
        checked = subprocess.run(["node", check, description, calls], cwd=os.path.dirname(check), capture_output=True,
                                 text=True)
        print(checked.stdout, file=sys.stderr)
        self.assertEqual(checked.returncode, 0, checked.stderr)


if __name__ == "__main__":
    unittest.main()
