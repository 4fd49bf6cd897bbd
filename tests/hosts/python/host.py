"""A complete host in Python, to copy from, with ptbridge.py beside it: loads the plugin, installs a tool, captures what
happened while the tool is switched off, asks why it waits, saves the tool as available, captures again, pumps, closes.
docs/hosts.md goes through it.

host.py PLUGIN STORE DESCRIPTOR SECRET: ptbridge.so, the store's path, the tool's registration document, its secret."""

import ctypes
import functools
import json
import sys

import ptbridge as ptb


def never_raises(otherwise):
    """An exception cannot cross into C: ctypes would print it and return whatever lies there, which may be PTB_OK, and
    the event would be kept without its settings. So every callback catches all, and says itself that it failed."""

    def wrap(function):
        @functools.wraps(function)
        def guarded(*arguments):
            try:
                return function(*arguments)
            except BaseException as problem:  # also KeyboardInterrupt
                print(f"{function.__name__}: {problem!r}", file=sys.stderr)
                return otherwise

        return guarded

    return wrap


class Lms:
    """What this program has of a real LMS: the tables that the callbacks read. All callbacks come on the thread that is
    inside open, capture, run_once, wait or close."""

    def __init__(self, secret):
        self.secret = secret
        self.quiz_level = "hard"  # a tool setting of the course _5_1
        self.tool_state = ptb.PTB_TOOL_UNAVAILABLE
        # The bridge calls these until close has returned. Python frees them with the last reference, so keep one.
        self.host = ptb.ptb_host(
            log=ptb.log_callback(self.log),
            load_settings=ptb.settings_callback(self.load_settings),
            load_secret=ptb.secret_callback(self.load_secret),
            outcome=ptb.outcome_callback(self.outcome),
        )

    @never_raises(None)
    def log(self, _context, level, line):
        if level >= ptb.PTB_LOG_WARNING:
            print(f"bridge: {line}", file=sys.stderr)

    @never_raises(ptb.PTB_E_HOST)
    def load_settings(self, _context, request, sink, sink_context):
        asked, text = request.contents, ptb.Texts()
        if (str(asked.vendor), str(asked.program)) != ("acme", "quiz"):
            return ptb.PTB_OK  # no settings: fine
        settings = [(ptb.PTB_SCOPE_SYSTEM, "quiz_site", "Université")]
        if str(asked.course_id) == "_5_1":
            settings.append((ptb.PTB_SCOPE_COURSE, "quiz_level", self.quiz_level))
        for scope, key, value in settings:
            status = sink(sink_context, scope, text(key), text(value))
            if status != ptb.PTB_OK:
                return status
        return ptb.PTB_OK

    @never_raises(ptb.PTB_E_HOST)
    def load_secret(self, _context, vendor, program, sink, sink_context):
        if (str(vendor), str(program)) != ("acme", "quiz"):
            return ptb.PTB_E_NOT_FOUND
        text = ptb.Texts()
        sink(sink_context, text(self.secret))
        return ptb.PTB_OK

    @never_raises(None)
    def outcome(self, _context, outcome):
        print(f"outcome: {outcome.contents.kind} {outcome.contents.state}")


class Bridge:
    """with Bridge(...) as bridge: open until the end of the block, and closed also after an exception."""

    def __init__(self, plugin, path, lms):
        self.api, self.lms, self.handle = ptb.load(plugin), lms, ctypes.c_void_p()
        text = ptb.Texts()
        options = ptb.ptb_open_options(  # flags 0: no thread of the bridge's own
            host=ctypes.pointer(lms.host),
            store=text("sqlite:" + path),
            tcbaseurl=text("http://lms.example:80"),
            generation=text("first"),
        )
        ptb.check(self.api.open, options, self.handle)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        # Only a call that another thread is still in can make this fail.
        ptb.check(self.api.close, self.handle, 30000)

    def install(self, descriptor):
        text = ptb.Texts()
        tool = ptb.ptb_tool(
            flags=ptb.PTB_TOOL_ALLOW_HTTP | ptb.PTB_TOOL_ALLOW_PRIVATE,  # a tool on this machine
            state=self.lms.tool_state,
            vendor=text("acme"),
            program=text("quiz"),
            guid=text("0123456789abcdef0123456789abcdef"),
            descriptor=text(descriptor),
        )
        ptb.check(self.api.tool_installed, self.handle, tool)

    def capture(self, happened):
        """Takes all of them or none. The LMS has committed its own operation before, under the id that it gives here,
        so this can be repeated after a crash."""
        text, events, results = ptb.Texts(), [], []
        for event in happened:
            arguments, argument_count = text.pairs(event["arguments"])
            context, context_count = text.pairs(event.get("context", {}))
            names = ("operation", "kind", "course_id", "content_id")
            named = {name: text(event[name]) for name in names if name in event}
            events.append(ptb.ptb_event(vendor=text("acme"), program=text("quiz"), arguments=arguments,
                                        argument_count=argument_count, context=context, context_count=context_count,
                                        **named))  # fmt: skip
            results.append(ptb.ptb_capture_result())
        count = len(events)
        pointers = (ctypes.POINTER(ptb.ptb_event) * count)(*map(ctypes.pointer, events))
        answers = (ctypes.POINTER(ptb.ptb_capture_result) * count)(*map(ctypes.pointer, results))
        ptb.check(self.api.capture, self.handle, pointers, count, answers, None)
        return results

    def save(self, state):
        """The administrator pressed Save. The state is the LMS's to store only when the bridge names it."""
        text, operation, result = ptb.Texts(), ctypes.c_uint64(), ptb.ptb_operation_result()
        ptb.check(self.api.tool_saved, self.handle, text("acme"), text("quiz"), state, operation)
        while True:
            try:
                ptb.check(self.api.wait, self.handle, operation, 1000, result)
                break
            except ptb.Failure as failure:  # each second: a chance to draw a progress bar
                if failure.status != ptb.PTB_E_TIMEOUT:
                    raise
        if result.status != ptb.PTB_OK:  # the tool said no, or a walk stopped: the old state stays, nothing is lost
            raise ptb.Failure(result.status, result.text.decode())
        self.lms.tool_state = result.tool_state
        return result

    def pump(self):
        """A resident LMS calls run_once from its timer, at the latest after next_ms, and after each capture."""
        next_ms = ctypes.c_uint32(0)
        while next_ms.value == 0:
            ptb.check(self.api.run_once, self.handle, 1000, next_ms)

    def wait_until_idle(self):
        """Before a process ends: what is under way is answered, else it would be sent again."""
        ptb.check(self.api.wait, self.handle, 0, 30000, ptb.ptb_operation_result())

    def report(self, **question):
        text, answer = ptb.Texts(), []
        sink = ptb.ptb_text_sink(lambda _context, json_text: answer.append(str(json_text)))
        ptb.check(self.api.report, self.handle, text(json.dumps(question)), sink, None)
        return answer[0]


def restore(bridge, operation):
    """One restored course with one item of the tool."""
    course = {"type": "exact", "course_id": "_5_1", "backup_id": "_9_1"}
    item = {"type": "exact", "content_id": "_77_1", "course_id": "_5_1", "backup_id": "_70_1"}
    happened = [
        {"operation": operation, "kind": "course-imported", "course_id": "_5_1", "arguments": course},
        {"operation": operation, "kind": "content-imported", "course_id": "_5_1", "content_id": "_77_1",
         "arguments": item, "context": {"content_handle": "resource/x-acme-quiz"}},
    ]  # fmt: skip
    results = bridge.capture(happened)
    for event, result in zip(happened, results):
        word = {ptb.PTB_NEW: "new", ptb.PTB_DUPLICATE: "duplicate", ptb.PTB_IGNORED: "ignored"}[result.answer]
        print(f"{operation}: {event['kind']} {word} {result.reason.decode()}")
    if results[0].answer == ptb.PTB_NEW:
        print("why:", bridge.report(report="explain", id=results[0].event_id.decode()))


def main(plugin, path, descriptor, secret):
    lms = Lms(secret)
    with open(descriptor, encoding="utf-8") as file:
        document = file.read()
    with Bridge(plugin, path, lms) as bridge:
        bridge.install(document)
        restore(bridge, "restore-1")
        lms.quiz_level = "easy"  # what waits goes out with the level of its capture all the same
        result = bridge.save(ptb.PTB_TOOL_AVAILABLE)
        print(f"saved: {result.sent} sent, {result.acknowledged} acknowledged, {result.left} left, "
              f"tool_state {lms.tool_state}")  # fmt: skip
        restore(bridge, "restore-1")  # a duplicate
        restore(bridge, "restore-2")  # the tool is up: this goes out as soon as the bridge is lent a thread
        bridge.pump()
        bridge.wait_until_idle()
        print("lanes:", bridge.report(report="lanes"))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: host.py PLUGIN STORE DESCRIPTOR SECRET")
    try:
        main(*sys.argv[1:])
    except (ptb.Failure, OSError) as problem:
        sys.exit(f"host.py: {problem}")
