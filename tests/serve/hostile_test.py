"""Clients that mean no good, or are slow: refused or cut, while others are served."""

import http.client
import socket
import threading
import unittest

from stage import LONG, Stage

MIB = 1024 * 1024


class Hostile(Stage):
    def connect(self, serving):
        made = socket.create_connection(("127.0.0.1", serving.port), timeout=LONG)
        self.addCleanup(made.close)
        return made

    def answer(self, connection):
        """The status line, or nothing where the connection was cut."""
        try:
            return connection.makefile("rb").readline().decode("latin-1")
        except OSError:
            return ""

    def test_headers_of_a_hundred_megabytes(self):
        serving = self.serve()
        connection = self.connect(serving)
        connection.sendall(b"GET /api HTTP/1.1\r\nHost: localhost\r\n")
        sent = 0
        try:
            while sent < 100 * MIB:
                sent += connection.send(b"X-More: " + b"x" * 8000 + b"\r\n")
        except OSError:
            pass
        self.assertLess(sent, 20 * MIB)  # what the sockets between hold
        self.assertIn(self.answer(connection)[:12], ("HTTP/1.1 431", ""))
        self.assertEqual(serving.get("/api").status, 200)

    def test_headers_and_bodies_that_drip_hold_up_nobody(self):
        serving = self.serve()
        slow = [self.connect(serving) for _ in range(200)]
        for at, connection in enumerate(slow):
            connection.sendall(b"GET /api HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            if at % 2:
                connection.sendall(b"1\r\nContent-Length: 100\r\n\r\nx")
        for _ in range(20):
            for connection in slow[:20]:
                connection.sendall(b"x")
            self.assertEqual(serving.get("/api/tools").status, 200)
            self.assertEqual(serving.get("/healthz").status, 200)
        # A header is given ten seconds, whatever comes meanwhile.
        self.assertIn(self.answer(slow[0])[:12], ("HTTP/1.1 408", ""))

    def test_a_package_over_the_limit(self):
        serving = self.serve("--max-upload-mib", "1")
        for declared in (True, False):
            with self.subTest(declared=declared):
                connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=LONG)
                connection.putrequest("POST", "/api/courses-restore?id=_1_1")
                connection.putheader("Authorization", "Bearer " + serving.token)
                connection.putheader(*(("Content-Length", str(600 * MIB)) if declared
                                       else ("Transfer-Encoding", "chunked")))
                connection.endheaders()
                if not declared:
                    try:
                        for _ in range(40):
                            connection.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                    except OSError:
                        pass
                self.assertEqual(connection.getresponse().status, 413)
                connection.close()
        self.assertEqual(list((self.state / "uploads").iterdir()), [])
        self.assertEqual(serving.get("/api/courses").json(), [])

    def test_more_connections_than_it_takes(self):
        serving = self.serve()
        held = [self.connect(serving) for _ in range(540)]
        refused = []
        for connection in held[512:]:
            connection.settimeout(LONG)
            refused.append(self.answer(connection)[:12])
        self.assertIn("HTTP/1.1 503", refused)
        for connection in held:
            connection.close()
        self.assertEqual(serving.get("/api").status, 200)

    def test_more_streams_than_it_takes(self):
        serving = self.serve()
        streams = [self.connect(serving) for _ in range(132)]
        for connection in streams:
            connection.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        statuses = [self.answer(connection)[9:12] for connection in streams]
        self.assertEqual(statuses.count("200"), 128)
        self.assertEqual(statuses.count("503"), 4)
        self.assertEqual(serving.get("/healthz").status, 200)

    def test_what_is_no_HTTP(self):
        serving = self.serve()
        for rubbish in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"\x00" * 1000 + b"\r\n\r\n",
                        b"GET /api HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"):
            connection = self.connect(serving)
            connection.sendall(rubbish)
            connection.shutdown(socket.SHUT_WR)
            self.assertNotIn(" 200", self.answer(connection))
        self.assertEqual(serving.get("/api").status, 200)

    def test_orders_that_wait_for_a_tool_keep_nobody_from_reading(self):
        tool = self.tool()
        self.install(tool)
        self.restore(1)
        tool.start("when action=state-change: ok; slow 3000")
        serving = self.serve()
        self.addCleanup(tool.stop)
        answers = []
        save = lambda: answers.append(serving.post("/api/tools/acme/quiz/save", {"state": "available"}).status)
        threads = [threading.Thread(target=save) for _ in range(40)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            self.assertEqual(serving.get("/api/tools").status, 200)
        tool.stop()
        for thread in threads:
            thread.join(LONG)
        self.assertEqual(len(answers), 40)
        self.assertLessEqual(set(answers), {200, 503})
        self.assertIn(200, answers)


if __name__ == "__main__":
    unittest.main()
