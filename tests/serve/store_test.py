"""The bridge's store as a whole, through commands: alone, and while `ptb-host serve` holds it."""

import threading
import time

from stage import Stage, wait_until


class WholeStore(Stage):
    def begin(self, links=3):
        """A tool that is off, and a course whose events wait for it."""
        self.quiz = self.tool()
        self.install(self.quiz)
        self.ok("tool", "save", "acme/quiz", "--state", "unavailable")
        self.restore(links)

    def waiting(self):
        return sum(lane["waiting"] for lane in self.ok("lanes"))

    def ids(self):
        return [event["id"] for event in self.ok("events", "list")]

    def test_a_check_says_what_it_has_read(self):
        status, out, err = self.run_command("store", "check")
        self.assertEqual(status, 1)
        self.assertIn("there is no store", err)
        self.begin()
        self.assertEqual(self.run_command("store", "check"), (0, "no damage: 4 events, 1 lanes\n", ""))
        self.serve()
        self.assertEqual(self.ok("store", "check"), {"findings": [], "events": 4, "lanes": 1})

    def test_a_check_of_what_does_not_open_says_what_to_do(self):
        self.begin()
        store = self.state / "bridge.db"
        whole = store.read_bytes()
        store.write_bytes(b"no database" * 100)
        status, out, err = self.run_command("store", "check")
        self.assertEqual(status, 1)
        self.assertIn("is damaged", err)
        self.assertIn("ptb-host store restore FILE", err)
        self.assertEqual(err.count("\n"), 1)
        # Written over where the events are, it opens.
        middle = len(whole) // 2 // 16384 * 16384
        store.write_bytes(whole[:middle] + b"Z" * 16384 + whole[middle + 16384:])
        status, out, err = self.run_command("store", "check")
        self.assertEqual(status, 1, out + err)
        self.assertIn("ptb-host store restore FILE", out + err)

    def put_back_story(self):
        self.begin(3)
        before = self.ids()
        kept = self.directory / "kept.db"
        self.assertGreater(self.ok("store", "backup", kept)["bytes"], 0)
        status, _, err = self.run_command("store", "backup", kept)
        self.assertEqual(status, 1)
        self.assertIn("not there yet", err)
        self.restore(2, "_2_1")
        self.assertEqual(self.waiting(), 4 + 3)
        done = self.ok("store", "restore", kept)
        self.assertEqual((done["waiting"], done["events"], done["lanes"]), (4, 4, 1))
        self.assertTrue(done["made_at"].startswith("20"))
        lanes = self.ok("lanes")
        self.assertEqual([lane["state"] for lane in lanes], ["held"])
        self.assertEqual(self.ids(), before)
        self.assertEqual(self.ok("store", "check")["findings"], [])
        self.assertEqual([entry["what"] for entry in self.ok("audit")][-2:], ["backup", "restore"])
        # What was captured after the backup comes again under other ids, and behind what waits.
        self.restore(2, "_3_1")
        self.assertEqual(self.waiting(), 4 + 3)
        self.quiz.start()
        status, out, err = self.run_command("tool", "save", "acme/quiz", "--state", "available")
        self.assertEqual(len(self.quiz.events()), 0, "a lane that is held is not walked")
        self.ok("lane", "release", "--all")
        wait_until(lambda: self.waiting() == 0, "everything delivered")
        self.assertEqual([id for _, id in self.quiz.events()][:4], before)

    def test_is_put_back(self):
        self.put_back_story()

    def test_is_put_back_while_it_is_served(self):
        serving = self.serve()
        self.put_back_story()
        self.assertEqual(serving.get("/readyz").status, 200)
        self.assertEqual(serving.get("/api/lanes").json()["lanes"][0]["waiting"], 0)
        self.assertEqual(serving.stop(), 0)
        self.assertEqual(self.ok("store", "check")["findings"], [])

    def test_what_the_lms_did_since_is_captured_again_if_asked(self):
        self.begin(3)
        kept = self.directory / "kept.db"
        self.ok("store", "backup", kept)
        time.sleep(0.01)
        self.restore(2, "_2_1")
        lost = self.ids()[4:]
        done = self.ok("store", "restore", kept, "--capture-again")
        self.assertEqual(done["captured_again"], 1)
        self.assertEqual(self.waiting(), 4 + 3)
        self.assertFalse(set(lost) & set(self.ids()), "the new life gives other ids")
        self.assertEqual(self.run_command("store", "check")[0], 0)

    def test_goes_on_while_it_is_checked_and_backed_up(self):
        self.begin(1)
        serving = self.serve()
        stop = threading.Event()
        problems = []

        def look():
            while not stop.is_set():
                for name in ("check", "backup"):
                    words = [name] + ([self.directory / f"{time.monotonic_ns()}.db"] if name == "backup" else [])
                    status, out, err = self.run_command("store", *words)
                    if status != 0:
                        problems.append(out + err)

        looking = threading.Thread(target=look)
        looking.start()
        try:
            for number in range(8):
                self.restore(3, f"_{number + 10}_1")
        finally:
            stop.set()
            looking.join()
        self.assertEqual(problems, [])
        self.assertEqual(self.waiting(), 2 + 8 * 4)
        for kept in self.directory.glob("*.db"):
            self.assertEqual(self.ok("store", "check", state=self.state_of(kept))["findings"], [])
        self.assertEqual(serving.stop(), 0)

    def state_of(self, kept):
        """A state directory whose bridge is that backup."""
        state = self.directory / ("state-" + kept.stem)
        state.mkdir(mode=0o700)
        (state / "bridge.db").write_bytes(kept.read_bytes())
        return state

    def test_is_put_back_where_there_was_none(self):
        self.begin(3)
        kept = self.directory / "kept.db"
        self.ok("store", "backup", kept)
        (self.state / "bridge.db").unlink()
        self.assertEqual(self.ok("store", "restore", kept)["waiting"], 4)
        self.assertEqual(self.waiting(), 4)

    def test_refuses_what_is_no_backup(self):
        self.begin(1)
        before = (self.state / "bridge.db").read_bytes()
        (self.directory / "bad.db").write_text("nothing")
        for words, status in ((["bad.db"], 1), (["none.db"], 1), ([], 2), (["--done-outside", "--capture-again"], 2)):
            ended, out, err = self.run_command("store", "restore", *words, cwd=self.directory)
            self.assertEqual(ended, status, words)
            self.assertEqual(err.count("\n"), 1, err)
        self.assertEqual((self.state / "bridge.db").read_bytes(), before)

    def test_moves_into_another_store(self):
        self.begin(3)
        before = self.ids()
        first, second = f"sqlite:{self.state}/bridge.db", f"sqlite:{self.directory}/other.db"
        status, _, err = self.run_command("store", "migrate", second, first)
        self.assertEqual(status, 2)
        self.assertIn("move that one", err)
        serving = self.serve()
        done = self.ok("store", "migrate", first, second)
        self.assertEqual((done["events"], done["lanes"]), (4, 1))
        status, _, err = self.run_command("course", "create", "_9_1")
        status, _, err = self.run_command("lane", "hold", "--all")
        self.assertEqual(status, 1)
        self.assertIn("has moved to " + second, err)
        self.assertEqual(serving.stop(), 0)
        status, _, err = self.run_command("lanes")
        self.assertEqual(status, 1)
        self.assertIn("has moved to " + second, err)
        self.assertEqual([event["id"] for event in self.ok("--store", second, "events", "list")], before)
        self.assertEqual(self.ok("--store", second, "store", "check")["findings"], [])
        self.quiz.start()
        self.ok("--store", second, "tool", "save", "acme/quiz", "--state", "available")
        self.assertEqual([id for _, id in self.quiz.events()], before)
        # Once more: it says that it has moved.
        status, _, err = self.run_command("store", "migrate", first, second)
        self.assertEqual(status, 1)
        self.assertIn("has moved to", err)

    def test_begins_a_new_life_after_it_was_put_back_outside(self):
        self.begin(2)
        self.ok("store", "restore", "--done-outside")
        self.assertEqual([lane["state"] for lane in self.ok("lanes")], ["held"])
        self.assertEqual(self.waiting(), 3)


if __name__ == "__main__":
    import unittest
    unittest.main()
