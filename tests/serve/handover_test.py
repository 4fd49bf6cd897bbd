"""Commands on a state directory that `ptb-host serve` holds: carried out there, and nobody can tell from outside."""

import concurrent.futures
import json
import os
import pathlib
import pty
import signal
import stat
import subprocess
import time
import unittest

from stage import ENV, LONG, PTB_HOST, Serving, Stage, wait_until


class HandOver(Stage):
    def socket(self):
        return self.state / "socket"

    def test_prints_and_ends_as_it_does_alone(self):
        tool = self.tool()
        self.install(tool)
        self.restore()
        commands = [
            ["tool", "list"], ["--json", "tool", "list"], ["tool", "show", "acme/quiz"], ["course", "list"],
            ["--json", "course", "list"], ["content", "list", "_1_1"], ["lanes"], ["events", "list"],
            ["setting", "list", "acme/quiz"], ["policy", "show", "acme/quiz"], ["events", "explain", "no-such-event"],
            ["tool", "show", "acme/none"], ["tool", "show", "acme"], ["course", "create", "_1_1"], ["tool", "lits"],
            ["lane", "hold"], ["course", "--help"], ["policy", "list"], ["events", "export"], ["pull", "list", "acme/quiz"],
        ]
        alone = [self.run_command(*command) for command in commands]
        self.serve()
        for command, expected in zip(commands, alone):
            with self.subTest(command):
                self.assertEqual(self.run_command(*command), expected)

    def test_replays_with_the_same_summary_and_progress(self):
        tool = self.tool()
        self.install(tool)
        self.restore(3)
        tool.start()
        serving = self.serve()
        status, out, err = self.run_command("tool", "save", "acme/quiz", "--state", "available")
        self.assertEqual(status, 0, err)
        self.assertIn("4", out)
        self.assertIn("acme/quiz: sending 4 events\n", err)
        self.assertEqual(serving.get("/api/tools/acme/quiz").json()["waiting"], 0)
        self.assertEqual(len(tool.events()), 4)

    def test_a_walk_that_stops_is_exit_status_1_there_too(self):
        tool = self.tool()
        self.install(tool)
        self.restore(2)
        tool.start("ok, ok, drop")
        self.serve()
        status, out, err = self.run_command("--json", "tool", "save", "acme/quiz", "--state", "available")
        self.assertEqual(status, 1, err)
        self.assertEqual(json.loads(out)["left"], 3)

    def test_names_files_as_they_are_seen_where_it_was_typed(self):
        tool = self.tool()
        elsewhere = self.directory / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "t.xml").write_text(tool.descriptor)
        (elsewhere / "s").write_text(tool.secret)
        self.serve()
        self.ok("tool", "add", "t.xml", "--secret-file", "s", cwd=elsewhere)
        self.ok("state", "backup", "kept.db", cwd=elsewhere)
        self.assertTrue((elsewhere / "kept.db").exists())

    def test_reads_what_the_shell_opened(self):
        tool = self.tool()
        self.serve()
        made = subprocess.run(
            ["bash", "-c", f'"{PTB_HOST}" --state "{self.state}" tool add "{tool.descriptor_file}" '
             f'--secret-file <(printf %s "{tool.secret}")'], env=ENV, capture_output=True, text=True, timeout=LONG)
        self.assertEqual(made.returncode, 0, made.stderr)
        made = subprocess.run([PTB_HOST, "--state", self.state, "tool", "add", "/dev/stdin",
                               f"--secret-file={tool.secret_file}"], env=ENV, input=tool.descriptor,
                              capture_output=True, text=True, timeout=LONG)
        self.assertEqual(made.returncode, 0, made.stderr)

    def test_a_state_directory_may_be_named_relative_and_be_long(self):
        deep = self.directory
        for _ in range(3):
            deep = deep / ("d" * 60)
        deep.mkdir(parents=True)
        self.state = deep / "state"
        self.ok("course", "create", "_1_1")
        serving = subprocess.Popen([PTB_HOST, "--state", "state", "serve", "--port", "0", "--port-file", "port"],
                                   cwd=deep, env=ENV, stdout=subprocess.DEVNULL)
        self.addCleanup(serving.wait)
        self.addCleanup(serving.kill)
        wait_until(lambda: (deep / "port").exists(), "the port")
        self.assertGreater(len(str(self.state)), 108)
        self.assertEqual(len(self.ok("course", "list")), 1)
        # The store is looked for where the server was started, not where this is typed.
        self.ok("policy", "set", "acme/quiz", "shuttle")
        self.assertEqual(self.run_command("pull", "list", "acme/quiz")[0], 0)
        self.ok("course", "create", "_2_1", "--store", f"sqlite:{self.state}/bridge.db")
        self.ok("course", "create", "_3_1", "--store", "sqlite:bridge.db", cwd=self.state)

    def test_a_Ctrl_C_stops_the_walk_and_prints_the_summary(self):
        tool = self.tool()
        self.install(tool)
        self.restore(40)
        tool.start("ok, slow 100")
        self.serve()
        saving = self.command("--json", "tool", "save", "acme/quiz", "--state", "available")
        wait_until(lambda: len(tool.events()) >= 2, "two events")
        saving.send_signal(signal.SIGINT)
        out, err = saving.communicate(timeout=LONG)
        self.assertEqual(saving.returncode, 1)
        self.assertIn("stopping after the exchange in flight", err)
        result = json.loads(out)
        self.assertGreater(result["left"], 0)
        self.assertLess(result["sent"], 41)

    def test_a_Ctrl_C_stops_only_the_walk_of_its_own_tool(self):
        quiz, poll = self.tool("quiz"), self.tool("poll")
        for tool in (quiz, poll):
            self.install(tool)
        self.restore(6, "_1_1")
        self.restore(30, "_2_1", "acme/poll")
        quiz.start("ok, slow 100")
        poll.start("ok, slow 100")
        self.serve()
        other = self.command("--json", "tool", "save", "acme/quiz", "--state", "available")
        saving = self.command("--json", "tool", "save", "acme/poll", "--state", "available")
        wait_until(lambda: quiz.events() and poll.events(), "both walks")
        saving.send_signal(signal.SIGINT)
        self.assertEqual(saving.wait(LONG), 1)
        out, err = other.communicate(timeout=LONG)
        saving.communicate()
        self.assertEqual(other.returncode, 0, err)
        self.assertEqual(json.loads(out)["acknowledged"], 7)

    def test_a_command_that_is_killed_stops_its_walk(self):
        tool = self.tool()
        self.install(tool)
        self.restore(40)
        tool.start("ok, slow 100")
        serving = self.serve()
        saving = self.command("tool", "save", "acme/quiz", "--state", "available")
        wait_until(tool.events, "an event")
        saving.kill()
        saving.communicate()
        wait_until(lambda: not serving.get("/api/walks").json()["walks"], "the end of the walk")
        self.assertGreater(serving.get("/api/tools/acme/quiz").json()["waiting"], 0)

    def test_a_terminal_that_nobody_reads_holds_up_nobody_else(self):
        tool = self.tool()
        self.install(tool)
        self.restore(1500)
        tool.start()
        serving = self.serve()
        reading, writing = os.pipe()
        stalled = self.command("events", "list", stdout=writing, stderr=writing)
        os.close(writing)
        # It prints more than the pipe takes, and its walk's progress goes nowhere.
        self.ok("tool", "save", "acme/quiz", "--state", "available")
        self.assertIsNone(stalled.poll())
        self.assertEqual(serving.stop(), 0)
        self.assertNotEqual(stalled.wait(LONG), 0)
        os.close(reading)

    def test_a_progress_that_nobody_reads_does_not_hold_up_the_bridge(self):
        quiz, poll = self.tool("quiz"), self.tool("poll")
        for tool in (quiz, poll):
            self.install(tool)
        self.restore(20, "_1_1")
        self.restore(3, "_2_1", "acme/poll")
        quiz.start("ok, slow 100")
        poll.start()
        self.serve()
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        try:
            while True:
                os.write(writing, b"x" * 4096)
        except BlockingIOError:
            pass
        os.set_blocking(writing, True)
        saving = self.command("tool", "save", "acme/quiz", "--state", "available", stderr=writing)
        os.close(writing)
        wait_until(quiz.events, "an event")
        self.assertEqual(self.ok("tool", "save", "acme/poll", "--state", "available")["acknowledged"], 4)
        wait_until(lambda: len(quiz.events()) >= 21, "the whole walk")
        saving.kill()
        saving.communicate()
        os.close(reading)

    def test_output_to_a_closed_pipe_ends_the_command_and_nothing_else(self):
        self.install(self.tool())
        self.restore(1500)
        serving = self.serve()
        reading, writing = os.pipe()
        listing = self.command("events", "list", stdout=writing)
        os.close(writing)
        os.read(reading, 10)
        os.close(reading)
        _, err = listing.communicate(timeout=LONG)
        self.assertEqual(listing.returncode, 1)
        self.assertIn("cannot write what this command prints", err)
        self.assertEqual(serving.get("/healthz").status, 200)

    def test_a_terminal_is_one_there_too(self):
        tool = self.tool()
        self.install(tool)
        self.restore(1)
        tool.start()
        self.serve()
        controlling, terminal = pty.openpty()
        saving = self.command("tool", "save", "acme/quiz", "--state", "available", stdout=terminal, stderr=terminal)
        os.close(terminal)
        seen = b""
        try:
            while piece := os.read(controlling, 65536):
                seen += piece
        except OSError:
            pass  # how a terminal says that nobody has it any more
        saving.communicate()
        os.close(controlling)
        self.assertIn("█".encode(), seen)

    def test_many_commands_at_once(self):
        self.ok("course", "create", "_1_1")
        self.serve()
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            made = list(pool.map(lambda i: self.run_command("course", "create", f"_{100 + i}_1"), range(40)))
        self.assertEqual([one[0] for one in made], [0] * 40, [one[2] for one in made if one[0] != 0])
        self.assertEqual(len(self.ok("course", "list")), 41)

    def test_many_operations_at_once_are_all_captured_once(self):
        tool = self.tool()
        self.install(tool)
        self.restore(2)
        self.serve()
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            made = list(pool.map(lambda i: self.run_command("course", "copy", "_1_1", f"_{100 + i}_1", "--exact"), range(12)))
        self.assertEqual([one[0] for one in made], [0] * 12, [one[2] for one in made if one[0] != 0])
        events = self.ok("events", "list")
        self.assertEqual(len({one["id"] for one in events}), len(events))
        self.assertEqual(len(events), 3 + 12 * 3)

    def test_says_which_options_have_no_effect(self):
        self.serve()
        status, _, err = self.run_command("--timeout-ms", "5000", "--pumped", "--verbose", "course", "list")
        self.assertEqual(status, 0)
        for option in ("--timeout-ms", "--pumped", "--verbose"):
            self.assertIn(f"{option} has no effect here", err)

    def test_refuses_what_the_server_cannot_do(self):
        self.ok("course", "create", "_1_1")
        self.ok("state", "backup", self.directory / "kept.db")
        self.ok("course", "create", "_2_1")
        self.serve()
        status, _, err = self.run_command("--store", f"sqlite:{self.directory}/other.db", "lanes")
        self.assertEqual(status, 2)
        self.assertIn("works with the store", err)
        for command in (["state", "restore", self.directory / "kept.db"], ["state", "new-generation"]):
            status, _, err = self.run_command(*command)
            self.assertEqual(status, 1)
            self.assertIn("end it first", err)
        self.assertEqual(len(self.ok("course", "list")), 2)  # nothing was put back

    def test_what_was_done_while_it_served_is_missed_in_an_earlier_backup(self):
        self.install(self.tool())
        serving = self.serve()
        self.restore(1, "_1_1")
        self.ok("state", "backup", self.directory / "kept.db")
        self.ok("course", "copy", "_1_1", "_2_1")
        self.assertEqual(serving.stop(), 0)
        self.assertIs(self.ok("state", "restore", self.directory / "kept.db")["held"], True)

    def test_two_servers_do_not_share_a_directory(self):
        self.serve()
        second = subprocess.run([PTB_HOST, "--state", self.state, "serve", "--port", "0"], env=ENV, capture_output=True,
                                text=True, timeout=LONG)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another ptb-host (process ", second.stderr)
        self.assertEqual(second.stderr.count("\n"), 1)

    def test_the_socket_is_its_owners_alone_and_goes_with_the_server(self):
        serving = self.serve()
        self.assertTrue(stat.S_ISSOCK(self.socket().stat().st_mode))
        self.assertEqual(stat.S_IMODE(self.socket().stat().st_mode), 0o600)
        self.assertEqual(serving.stop(), 0)
        self.assertFalse(self.socket().exists())
        self.ok("course", "list")

    def test_the_socket_of_a_killed_server_is_in_nobodys_way(self):
        serving = self.serve()
        self.ok("course", "create", "_1_1")
        serving.stop(signal.SIGKILL)
        self.assertTrue(self.socket().exists())
        self.assertEqual(len(self.ok("course", "list")), 1)  # alone
        self.serve()
        self.assertEqual(len(self.ok("course", "list")), 1)  # handed over

    def test_a_server_that_is_stopped_ends_the_commands_in_it(self):
        tool = self.tool()
        self.install(tool)
        self.restore(60)
        tool.start("ok, slow 100")
        serving = self.serve()
        saving = self.command("--json", "tool", "save", "acme/quiz", "--state", "available")
        wait_until(lambda: len(tool.events()) >= 2, "two events")
        self.assertEqual(serving.stop(), 0)
        out, err = saving.communicate(timeout=LONG)
        self.assertEqual(saving.returncode, 1, err)
        self.assertGreater(json.loads(out)["left"], 0)
        # Nothing is lost: the next one goes on, from the first event.
        tool.stop()
        tool.start()
        self.serve()
        self.assertEqual(self.ok("tool", "save", "acme/quiz", "--state", "available")["left"], 0)
        self.assertEqual(len(set(tool.events())), 61)

    def test_a_server_that_is_killed_is_told_of_in_one_line(self):
        tool = self.tool()
        self.install(tool)
        self.restore(60)
        tool.start("ok, slow 100")
        serving = self.serve()
        saving = self.command("tool", "save", "acme/quiz", "--state", "available")
        wait_until(tool.events, "an event")
        serving.stop(signal.SIGKILL)
        _, err = saving.communicate(timeout=LONG)
        self.assertEqual(saving.returncode, 1)
        self.assertIn("ended before this command did; nothing that was accepted is lost", err)
        self.assertEqual(len(self.ok("events", "list")), 61)

    def test_what_a_crash_left_uncaptured_is_captured_at_the_start(self):
        tool = self.tool()
        self.install(tool)
        crashed = self.run_command("course", "restore", self.package(2), "--id", "_1_1", "--map",
                                   "tools.acme.example=acme/quiz", env={**ENV, "PTB_HOST_KILL_AT": "host.capture.before"})
        self.assertEqual(crashed[0], -signal.SIGKILL)
        serving = self.serve()
        self.assertIn("captured again", serving.log_file.read_text())
        self.assertEqual(len(self.ok("events", "list")), 3)

    def test_what_could_not_be_captured_is_captured_by_the_next_command(self):
        tool = self.tool()
        self.install(tool)
        switch = self.directory / "settings-fail"
        serving = self.serve(env={**ENV, "PTB_HOST_FAIL_SETTINGS": "@" + str(switch)})
        switch.write_text("")
        status, _, err = self.run_command("course", "restore", self.package(2), "--id", "_1_1", "--map",
                                          "tools.acme.example=acme/quiz")
        self.assertEqual(status, 1)
        self.assertIn("captured by the next command", err)
        self.assertEqual(serving.post("/api/courses", {"course_id": "_7_1"}).status, 200)
        self.assertEqual(serving.post("/api/tools/acme/quiz/ping").status, 409)  # it stands before all that follows
        switch.unlink()
        self.assertEqual(self.run_command("lane", "hold", "--all")[0], 0)
        self.assertEqual(len(self.ok("events", "list")), 3)


if __name__ == "__main__":
    unittest.main()
