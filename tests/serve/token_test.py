"""Who may change something over HTTP, and who may take a tool's events."""

import http.client
import json
import stat
import unittest

from stage import Stage, wait_until

# What stands for each {…} of a path; the tool and the course are there, so that a door that is open would do something.
PLACES = {"{vendor}": "acme", "{program}": "quiz", "{course}": "_1_1", "{job}": "1", "{preset}": "shuttle"}
BODY = {"state": "available", "course_id": "_9_1", "to": "_9_1", "name": "new", "scope": "system", "key": "k",
        "value": "v", "policy": "shuttle", "all": True, "reason": "because", "from": "acme/other", "descriptor": "<a/>",
        "external_content_id": "e", "course": "_1_1", "events": [], "document": "<a/>", "token": "t", "ids": []}


class Doors(Stage):
    def setUp(self):
        super().setUp()
        self.quiz = self.tool()
        self.install(self.quiz)
        self.restore(2)
        self.serving = self.serve()
        self.event = self.serving.get("/api/events").json()["events"][0]["id"]
        self.item = self.serving.get("/api/courses/_1_1/content").json()[0]["content_id"]

    def path(self, pattern):
        for name, value in {**PLACES, "{id}": self.event, "{item}": self.item}.items():
            pattern = pattern.replace(name, value)
        self.assertNotIn("{", pattern)
        return pattern

    def changing(self):
        routes = self.serving.get("/api").json()["routes"]
        changing = [(one["method"], one["path"]) for one in routes if one["token"]]
        self.assertGreater(len(changing), 20)
        return changing

    def everything(self):
        """All that could have changed."""
        paths = ["/api/tools", "/api/courses", "/api/courses/_1_1/content", "/api/courses/_1_1/groups", "/api/events",
                 "/api/lanes", "/api/jobs", "/api/audit", "/api/tools/acme/quiz/settings", "/api/tools/acme/quiz/policy",
                 "/api/tools/acme/quiz"]
        return {path: self.serving.get(path).body for path in paths}

    def test_nothing_is_changed_without_the_token(self):
        before = self.everything()
        cookie = {"Cookie": "ptb_host=" + "0" * 64}
        attempts = [("no token", None, {}), ("a wrong one", "0" * 48, {}), ("an empty one", "", {}),
                    ("a part of it", self.serving.token[:-1], {}), ("a made-up cookie", None, cookie),
                    ("the token as the cookie", None, {"Cookie": "ptb_host=" + self.serving.token}),
                    ("another site's form", None, {**cookie, "Origin": "https://evil.example"})]
        for method, pattern in self.changing():
            for name, token, headers in attempts:
                with self.subTest(f"{method} {pattern}: {name}"):
                    answer = self.serving.request(method, self.path(pattern), BODY, token=token, headers=headers)
                    self.assertIn(answer.status, (401, 403), answer)
        self.assertEqual(self.everything(), before)

    def test_a_form_with_the_token_in_the_wrong_place_changes_nothing(self):
        for body in (b"token=" + self.serving.token.encode(), b"form_word=" + b"0" * 64):
            answer = self.serving.request("POST", "/api/courses", body, token=None,
                                          headers={"Content-Type": "application/x-www-form-urlencoded"})
            self.assertEqual(answer.status, 401)

    def test_the_cookie_alone_changes_nothing(self):
        # What a login would set; here derived as the server does, from the token that only its owner can read.
        import hashlib
        import hmac
        derived = lambda purpose: hmac.new(self.serving.token.encode(), purpose, hashlib.sha256).hexdigest()
        cookie = {"Cookie": "other=1; ptb_host=" + derived(b"cookie")}
        make = lambda headers, id: self.serving.post("/api/courses", {"course_id": id}, token=None, headers=headers)
        self.assertEqual(make(cookie, "_5_1").status, 401)
        self.assertEqual(make({**cookie, "X-Form-Word": derived(b"cookie")}, "_5_1").status, 401)
        self.assertEqual(make({"X-Form-Word": derived(b"form")}, "_5_1").status, 401)
        self.assertEqual(make({**cookie, "X-Form-Word": derived(b"form")}, "_5_1").status, 200)

    def test_a_server_called_by_a_strangers_name_answers_nothing(self):
        for host, status in (("evil.example", 421), ("evil.example:80", 421), ("localhost.evil.example", 421), ("", 421),
                             ("LOCALHOST", 200), (f"localhost:{self.serving.port}", 200), ("[::1]", 200)):
            for path in ("/api", "/healthz", "/metrics", "/api/tools"):
                with self.subTest(host=host, path=path):
                    self.assertEqual(self.serving.get(path, headers={"Host": host}).status, status)
        # With the token too, and for the stream of events.
        self.assertEqual(self.serving.post("/api/courses", {"course_id": "_5_1"},
                                           headers={"Host": "evil.example"}).status, 421)
        self.assertEqual(self.serving.get("/live", headers={"Host": "evil.example"}).status, 421)

    def test_a_name_it_was_given_is_its_own(self):
        other = self.serve("--name", "LMS.example", state=self.directory / "other")
        self.assertEqual(other.get("/api", headers={"Host": "lms.example:80"}).status, 200)
        self.assertEqual(other.get("/api", headers={"Host": "evil.example"}).status, 421)

    def test_the_token_is_kept_where_only_its_owner_reads_and_stays(self):
        file = self.state / "token"
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        self.assertRegex(self.serving.token, "^[0-9a-f]{48}$")
        file.chmod(0o644)
        self.serving.stop()
        again = self.serve()
        self.assertEqual(again.token, self.serving.token)
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        again.stop()
        file.write_text("short\n")
        self.assertRegex(self.serve().token, "^[0-9a-f]{48}$")

    def test_an_upload_by_a_stranger_is_refused_before_it_is_read(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.serving.port, timeout=60)
        self.addCleanup(connection.close)
        connection.putrequest("POST", "/api/courses-restore?id=_5_1")
        connection.putheader("Content-Length", str(100 * 1024 * 1024))
        connection.endheaders()  # and no body
        self.assertEqual(connection.getresponse().status, 401)

    def test_a_stranger_may_not_send_as_much_as_its_owner(self):
        document = {"document": "x" * (2 * 1024 * 1024)}
        self.assertEqual(self.serving.post("/api/policies-check", document, token=None).status, 413)
        self.assertEqual(self.serving.post("/api/policies-check", document).status, 400)  # it is no policy


class Pull(Stage):
    def setUp(self):
        super().setUp()
        self.quiz, self.poll = self.tool("quiz"), self.tool("poll")
        for tool in (self.quiz, self.poll):
            self.install(tool)
            # It keeps for pulling what a tool that is available did not take.
            self.ok("policy", "set", "acme/" + tool.name, "open-connectors-queue")
            tool.start()
            self.ok("tool", "save", "acme/" + tool.name, "--state", "available")
            tool.stop()
        self.restore(2, "_1_1")
        self.restore(1, "_2_1", "acme/poll")
        self.serving = self.serve()

    def ask(self, path, body=None, secret=None, method="POST"):
        return self.serving.request(method, "/api/pull/" + path, body, token=secret)

    def test_only_the_tools_own_secret_opens(self):
        for secret in (None, "", self.poll.secret, self.quiz.secret + "x", self.serving.token):
            for method, path in (("GET", "acme/quiz"), ("POST", "acme/quiz/take"), ("POST", "acme/quiz/ack"),
                                 ("POST", "acme/quiz/give-back"), ("GET", "acme/none"), ("POST", "acme/none/take")):
                with self.subTest(secret=secret, path=path):
                    answer = self.ask(path, {"token": "t", "ids": []} if method == "POST" else None, secret, method)
                    self.assertEqual(answer.status, 401)
                    self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
        self.assertEqual(self.ask("acme/quiz", secret=self.quiz.secret, method="GET").status, 200)

    def test_a_tool_sees_and_ends_its_own_only(self):
        own = self.ask("acme/quiz", secret=self.quiz.secret, method="GET").json()["events"]
        self.assertEqual({one["tool"] for one in own}, {"acme/quiz"})
        self.assertEqual(len(own), 3)
        taken = self.ask("acme/quiz/take", {"limit": 2}, self.quiz.secret).json()
        self.assertEqual([one["id"] for one in taken["events"]], [one["id"] for one in own[:2]])
        others = self.ask("acme/poll/take", {}, self.poll.secret).json()
        ids = [one["id"] for one in others["events"]]
        # With another tool's lease in hand, and without.
        for token in (others["token"], taken["token"]):
            self.assertEqual(self.ask("acme/quiz/ack", {"token": token, "ids": ids}, self.quiz.secret).status, 404)
        done = self.ask("acme/quiz/ack", {"token": taken["token"], "ids": [own[0]["id"]]}, self.quiz.secret).json()
        self.assertEqual((len(done["done"]), len(done["failed"])), (1, 0))
        back = self.ask("acme/quiz/give-back", {"token": taken["token"], "ids": [own[1]["id"]]}, self.quiz.secret)
        self.assertEqual(len(back.json()["done"]), 1)
        self.assertEqual(self.serving.get("/api/tools/acme/quiz").json()["waiting"], 2)
        self.assertEqual(self.serving.get("/api/tools/acme/poll").json()["waiting"], 2)

    def test_says_what_is_wrong_in_what_it_gets(self):
        for path, body in (("take", {"limit": 0}), ("take", {"limit": "2"}), ("take", {"lease_s": 10**9}), ("take", []),
                           ("ack", {"ids": []}), ("ack", {"token": "t"}), ("ack", {"token": "t", "ids": [1]}),
                           ("ack", {"token": "t", "ids": ["x"] * 1001})):
            with self.subTest(path=path, body=str(body)[:60]):
                answer = self.ask("acme/quiz/" + path, body, self.quiz.secret)
                self.assertEqual(answer.status, 400, answer)
                self.assertTrue(answer.json()["error"])

    def test_a_tool_that_shares_no_secret_has_no_door(self):
        file = self.directory / "lti.xml"
        file.write_text(self.quiz.descriptor.replace("<code>quiz</code>", "<code>lti</code>"))
        self.ok("tool", "add", file, "--wire", "lti-notice", "--endpoint", "http://127.0.0.1:1/n",
                "--lti-client-id", "c", "--lti-deployment-id", "d", "--allow-private", "--allow-http")
        key = self.run_command("lti", "key")[1]
        for secret in (None, "", key.strip()[:1000].replace("\n", "")):
            self.assertEqual(self.ask("acme/lti", secret=secret, method="GET").status, 401)


if __name__ == "__main__":
    unittest.main()
