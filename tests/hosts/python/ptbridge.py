"""ptbridge.h for Python: its structs and constants under their own names, and what every call needs. Standard library
only. tests/hosts/layout.sh fails where a struct or a constant here differs from the header."""

import ctypes
from ctypes import CFUNCTYPE, POINTER, c_char, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

PTB_ABI_MAJOR, PTB_ABI_MINOR = 1, 2
PTB_OK, PTB_E_ARGUMENT, PTB_E_ABI, PTB_E_STATE, PTB_E_STORE, PTB_E_LOCKED, PTB_E_NEWER = range(7)
PTB_E_DAMAGED, PTB_E_HOST, PTB_E_NOT_FOUND, PTB_E_TIMEOUT, PTB_E_REFUSED, PTB_E_INTERNAL = range(7, 13)
PTB_TOOL_AVAILABLE, PTB_TOOL_INACTIVE, PTB_TOOL_UNAVAILABLE = 1, 2, 3
PTB_SCOPE_SYSTEM, PTB_SCOPE_COURSE, PTB_SCOPE_CONTENT = 0, 1, 2
PTB_LOG_DEBUG, PTB_LOG_INFO, PTB_LOG_WARNING, PTB_LOG_ERROR = 0, 1, 2, 3
PTB_ALLOW_BRIDGE_CALLBACKS, PTB_CAPTURE_ONLY = 1, 2
PTB_NEW, PTB_DUPLICATE, PTB_IGNORED = 1, 2, 3
PTB_TOOL_STRICT, PTB_TOOL_ALLOW_HTTP, PTB_TOOL_ALLOW_PRIVATE, PTB_TOOL_ALLOW_DOWNGRADE = 1, 2, 4, 8


class ptb_text(ctypes.Structure):
    """c_void_p, not c_char_p: that would stop at the first zero byte, and does not know its length."""

    _fields_ = [("bytes", c_void_p), ("size", c_size_t)]

    def __str__(self):
        return ctypes.string_at(self.bytes, self.size).decode() if self.size else ""


class ptb_pair(ctypes.Structure):
    _fields_ = [("name", ptb_text), ("value", ptb_text)]


class Sized(ctypes.Structure):
    """A struct that begins with its own size. Every other byte is zero until it is set."""

    def __init__(self, **fields):
        super().__init__(struct_size=ctypes.sizeof(self), **fields)


class ptb_error(Sized):
    _fields_ = [("struct_size", c_uint32), ("status", c_int32), ("text", c_char * 1000)]


class ptb_settings_request(Sized):
    _fields_ = [("struct_size", c_uint32), ("vendor", ptb_text), ("program", ptb_text), ("course_id", ptb_text),
                ("content_id", ptb_text)]  # fmt: skip


class ptb_outcome(Sized):
    _fields_ = [("struct_size", c_uint32), ("operation", c_uint64), ("event_id", ptb_text), ("kind", ptb_text),
                ("vendor", ptb_text), ("program", ptb_text), ("state", ptb_text), ("deferral", ptb_text),
                ("text", ptb_text)]  # fmt: skip


class ptb_progress(Sized):
    _fields_ = [("struct_size", c_uint32), ("operation", c_uint64), ("lane", ptb_text), ("event_id", ptb_text),
                ("done", c_uint64), ("total", c_uint64)]  # fmt: skip


class ptb_watch(Sized):
    _fields_ = [("struct_size", c_uint32), ("raised", c_int32), ("vendor", ptb_text), ("program", ptb_text),
                ("waiting", c_uint64), ("oldest_at_ms", c_int64), ("text", ptb_text)]  # fmt: skip


ptb_text_sink = CFUNCTYPE(None, c_void_p, ptb_text)
ptb_setting_sink = CFUNCTYPE(c_int32, c_void_p, c_int32, ptb_text, ptb_text)
log_callback = CFUNCTYPE(None, c_void_p, c_int32, ptb_text)
settings_callback = CFUNCTYPE(c_int32, c_void_p, POINTER(ptb_settings_request), ptb_setting_sink, c_void_p)
secret_callback = CFUNCTYPE(c_int32, c_void_p, ptb_text, ptb_text, ptb_text_sink, c_void_p)
outcome_callback = CFUNCTYPE(None, c_void_p, POINTER(ptb_outcome))
progress_callback = CFUNCTYPE(None, c_void_p, POINTER(ptb_progress))
clock_callback = CFUNCTYPE(c_int64, c_void_p)
watch_callback = CFUNCTYPE(None, c_void_p, POINTER(ptb_watch))


class ptb_host(Sized):
    _fields_ = [("struct_size", c_uint32), ("context", c_void_p), ("log", log_callback),
                ("load_settings", settings_callback), ("load_secret", secret_callback), ("outcome", outcome_callback),
                ("progress", progress_callback), ("wall_clock_ms", clock_callback),
                ("monotonic_clock_ms", clock_callback), ("watch", watch_callback)]  # fmt: skip


class ptb_open_options(Sized):
    _fields_ = [("struct_size", c_uint32), ("flags", c_uint32), ("host", POINTER(ptb_host)), ("store", ptb_text),
                ("tcbaseurl", ptb_text), ("locale", ptb_text), ("direction", ptb_text), ("generation", ptb_text),
                ("high_water", c_uint64), ("exchange_timeout_ms", c_uint32), ("connect_timeout_ms", c_uint32),
                ("contact_interval_ms", c_uint32), ("max_exchanges", c_uint32), ("lti_issuer", ptb_text)]  # fmt: skip


class ptb_event(Sized):
    _fields_ = [("struct_size", c_uint32), ("ordinal", c_uint32), ("operation", ptb_text), ("vendor", ptb_text),
                ("program", ptb_text), ("kind", ptb_text), ("course_id", ptb_text), ("content_id", ptb_text),
                ("arguments", POINTER(ptb_pair)), ("argument_count", c_size_t), ("context", POINTER(ptb_pair)),
                ("context_count", c_size_t), ("occurred_at_ms", c_int64), ("not_before_ms", c_int64)]  # fmt: skip


class ptb_capture_result(Sized):
    _fields_ = [("struct_size", c_uint32), ("answer", c_int32), ("event_id", c_char * 40), ("reason", c_char * 40),
                ("sequence", c_uint64)]  # fmt: skip


class ptb_tool(Sized):
    _fields_ = [("struct_size", c_uint32), ("flags", c_uint32), ("state", c_int32), ("timeout_ms", c_uint32),
                ("vendor", ptb_text), ("program", ptb_text), ("guid", ptb_text), ("descriptor", ptb_text),
                ("wire", ptb_text), ("ca_file", ptb_text), ("allow_cidrs", ptb_text), ("client_cert_file", ptb_text),
                ("client_key_file", ptb_text), ("endpoint", ptb_text), ("lti_client_id", ptb_text),
                ("lti_deployment_id", ptb_text), ("max_batch", c_uint32), ("reserved", c_uint32),
                ("policy", ptb_text)]  # fmt: skip


class ptb_value(Sized):
    _fields_ = [("struct_size", c_uint32), ("scope", c_int32), ("vendor", ptb_text), ("program", ptb_text),
                ("id", ptb_text), ("key", ptb_text), ("value", ptb_text)]  # fmt: skip


class ptb_operation_result(Sized):
    _fields_ = [("struct_size", c_uint32), ("status", c_int32), ("sent", c_uint64), ("acknowledged", c_uint64),
                ("refused", c_uint64), ("failed", c_uint64), ("discarded", c_uint64), ("left", c_uint64),
                ("repeated", c_uint64), ("duration_ms", c_uint64), ("stopped_by", c_char * 40), ("tool_state", c_int32),
                ("reserved", c_uint32), ("text", c_char * 1000)]  # fmt: skip


def call(*arguments):
    """A function of the table: its status is looked at by Bridge.call."""
    return CFUNCTYPE(c_int32, *arguments, POINTER(ptb_error))


class ptb_api(ctypes.Structure):
    _fields_ = [("struct_size", c_uint32), ("abi_major", c_uint32), ("abi_minor", c_uint32), ("reserved", c_uint32),
                ("open", call(POINTER(ptb_open_options), POINTER(c_void_p))),
                ("close", call(c_void_p, c_uint32)),
                ("capture", call(c_void_p, POINTER(POINTER(ptb_event)), c_size_t,
                                 POINTER(POINTER(ptb_capture_result)), POINTER(c_uint64))),
                ("tool_installed", call(c_void_p, POINTER(ptb_tool))),
                ("tool_saved", call(c_void_p, ptb_text, ptb_text, c_int32, POINTER(c_uint64))),
                ("tool_removed", call(c_void_p, ptb_text, ptb_text)),
                ("tool_contacted", call(c_void_p, ptb_text, ptb_text, POINTER(c_uint64))),
                ("run_once", call(c_void_p, c_uint32, POINTER(c_uint32))),
                ("wait", call(c_void_p, c_uint64, c_uint32, POINTER(ptb_operation_result))),
                ("report", call(c_void_p, ptb_text, ptb_text_sink, c_void_p)),
                ("administer", call(c_void_p, ptb_text, ptb_text_sink, c_void_p, POINTER(c_uint64))),
                ("value_known", call(c_void_p, POINTER(ptb_value)))]  # fmt: skip


class Failure(Exception):
    """A call failed. The text is one line: what was wrong, where, and what to do."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def load(path):
    """The table of the plugin at that path. It stays loaded until the process ends: ctypes has no public dlclose."""
    entry = ctypes.CDLL(path).ptb_entry  # CDLL drops the interpreter lock during a call, callbacks take it again
    entry.argtypes, entry.restype = [c_uint32, POINTER(ptb_error)], POINTER(ptb_api)
    error = ptb_error()
    table = entry(PTB_ABI_MAJOR, error)
    if not table:
        raise Failure(error.status, error.text.decode())
    if table.contents.abi_minor < PTB_ABI_MINOR:  # its structs and its table are shorter than those here
        raise Failure(PTB_E_ABI, f"{path} speaks 1.{table.contents.abi_minor}, this host 1.{PTB_ABI_MINOR}: update it")
    return table.contents


def check(function, *arguments):
    """Calls a function of the table; raises Failure unless it returns PTB_OK."""
    error = ptb_error()
    status = function(*arguments, error)
    if status != PTB_OK:
        raise Failure(status, error.text.decode())


class Texts:
    """Makes ptb_text from str. ctypes keeps no reference to what a ptb_text points to, so this does: it must live until
    the call that the texts are handed to has returned. The bridge keeps none of them."""

    def __init__(self):
        self._alive = []

    def __call__(self, value):
        encoded = value.encode()
        self._alive.append(encoded)
        return ptb_text(ctypes.cast(ctypes.c_char_p(encoded), c_void_p), len(encoded))

    def pairs(self, values):
        """An array of ptb_pair from a dict, and its length."""
        array = (ptb_pair * len(values))(*[ptb_pair(self(name), self(value)) for name, value in values.items()])
        self._alive.append(array)
        return array, len(values)
