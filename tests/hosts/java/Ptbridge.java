import com.sun.jna.Callback;
import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.Structure.FieldOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * ptbridge.h for Java with JNA: its structs and constants, and what every call needs. OpenOptions is ptb_open_options
 * and so on; fields have the header's names. tests/hosts/layout.sh fails where one of them differs from the header.
 */
final class Ptbridge {
  static final int PTB_ABI_MAJOR = 1, PTB_ABI_MINOR = 2;
  static final int PTB_OK = 0, PTB_E_ARGUMENT = 1, PTB_E_ABI = 2, PTB_E_STATE = 3, PTB_E_STORE = 4, PTB_E_LOCKED = 5;
  static final int PTB_E_NEWER = 6, PTB_E_DAMAGED = 7, PTB_E_HOST = 8, PTB_E_NOT_FOUND = 9, PTB_E_TIMEOUT = 10;
  static final int PTB_E_REFUSED = 11, PTB_E_INTERNAL = 12;
  static final int PTB_TOOL_AVAILABLE = 1, PTB_TOOL_INACTIVE = 2, PTB_TOOL_UNAVAILABLE = 3;
  static final int PTB_SCOPE_SYSTEM = 0, PTB_SCOPE_COURSE = 1, PTB_SCOPE_CONTENT = 2;
  static final int PTB_LOG_DEBUG = 0, PTB_LOG_INFO = 1, PTB_LOG_WARNING = 2, PTB_LOG_ERROR = 3;
  static final int PTB_ALLOW_BRIDGE_CALLBACKS = 1, PTB_CAPTURE_ONLY = 2;
  static final int PTB_NEW = 1, PTB_DUPLICATE = 2, PTB_IGNORED = 3;
  static final int PTB_TOOL_STRICT = 1, PTB_TOOL_ALLOW_HTTP = 2, PTB_TOOL_ALLOW_PRIVATE = 4;
  static final int PTB_TOOL_ALLOW_DOWNGRADE = 8;

  // ---- structs. size_t is long: 64-bit hosts only. JNA zeroes them. ----

  @FieldOrder({"bytes", "size"})
  public static class Text extends Structure {
    public Pointer bytes;
    public long size;

    /** Handed over by value: as an argument, as JNA calls it. */
    public static final class ByValue extends Text implements Structure.ByValue {}

    /** A copy, which outlives the callback. */
    @Override
    public String toString() {
      return size == 0 ? "" : new String(bytes.getByteArray(0, (int) size), StandardCharsets.UTF_8);
    }
  }

  @FieldOrder({"name", "value"})
  public static class Pair extends Structure {
    public Text name, value;
  }

  /** A struct that begins with its own size. */
  public abstract static class Sized extends Structure {
    public int struct_size;

    /** Looks at a struct that the bridge hands over. */
    void readAt(Pointer given) {
      useMemory(given);
      read();
    }

    /** JNA calls this before a call that the struct is an argument of. */
    @Override
    public void write() {
      struct_size = size();
      super.write();
    }
  }

  @FieldOrder({"struct_size", "status", "text"})
  public static class Error extends Sized {
    public int status;
    public byte[] text = new byte[1000];
  }

  @FieldOrder({"struct_size", "vendor", "program", "course_id", "content_id"})
  public static class SettingsRequest extends Sized {
    public Text vendor, program, course_id, content_id;
  }

  @FieldOrder({"struct_size", "operation", "event_id", "kind", "vendor", "program", "state", "deferral", "text"})
  public static class Outcome extends Sized {
    public long operation;
    public Text event_id, kind, vendor, program, state, deferral, text;
  }

  @FieldOrder({"struct_size", "operation", "lane", "event_id", "done", "total"})
  public static class Progress extends Sized {
    public long operation;
    public Text lane, event_id;
    public long done, total;
  }

  @FieldOrder({"struct_size", "raised", "vendor", "program", "waiting", "oldest_at_ms", "text"})
  public static class Watch extends Sized {
    public int raised;
    public Text vendor, program;
    public long waiting, oldest_at_ms;
    public Text text;
  }

  @FieldOrder({"struct_size", "context", "log", "load_settings", "load_secret", "outcome", "progress",
      "wall_clock_ms", "monotonic_clock_ms", "watch"})
  public static class Host extends Sized {
    public Pointer context;
    public LogCallback log;
    public SettingsCallback load_settings;
    public SecretCallback load_secret;
    public OutcomeCallback outcome;
    public Pointer progress, wall_clock_ms, monotonic_clock_ms, watch;
  }

  @FieldOrder({"struct_size", "flags", "host", "store", "tcbaseurl", "locale", "direction", "generation", "high_water",
      "exchange_timeout_ms", "connect_timeout_ms", "contact_interval_ms", "max_exchanges", "lti_issuer"})
  public static class OpenOptions extends Sized {
    public int flags;
    public Pointer host;
    public Text store, tcbaseurl, locale, direction, generation;
    public long high_water;
    public int exchange_timeout_ms, connect_timeout_ms, contact_interval_ms, max_exchanges;
    public Text lti_issuer;
  }

  @FieldOrder({"struct_size", "ordinal", "operation", "vendor", "program", "kind", "course_id", "content_id",
      "arguments", "argument_count", "context", "context_count", "occurred_at_ms", "not_before_ms"})
  public static class Event extends Sized {
    public int ordinal;
    public Text operation, vendor, program, kind, course_id, content_id;
    public Pointer arguments;
    public long argument_count;
    public Pointer context;
    public long context_count, occurred_at_ms, not_before_ms;
  }

  @FieldOrder({"struct_size", "answer", "event_id", "reason", "sequence"})
  public static class CaptureResult extends Sized {
    public int answer;
    public byte[] event_id = new byte[40], reason = new byte[40];
    public long sequence;
  }

  @FieldOrder({"struct_size", "flags", "state", "timeout_ms", "vendor", "program", "guid", "descriptor", "wire",
      "ca_file", "allow_cidrs", "client_cert_file", "client_key_file", "endpoint", "lti_client_id",
      "lti_deployment_id", "max_batch", "reserved", "policy"})
  public static class Tool extends Sized {
    public int flags, state, timeout_ms;
    public Text vendor, program, guid, descriptor, wire, ca_file, allow_cidrs, client_cert_file, client_key_file;
    public Text endpoint, lti_client_id, lti_deployment_id;
    public int max_batch, reserved;
    public Text policy;
  }

  @FieldOrder({"struct_size", "scope", "vendor", "program", "id", "key", "value"})
  public static class Value extends Sized {
    public int scope;
    public Text vendor, program, id, key, value;
  }

  @FieldOrder({"struct_size", "status", "sent", "acknowledged", "refused", "failed", "discarded", "left", "repeated",
      "duration_ms", "stopped_by", "tool_state", "reserved", "text"})
  public static class OperationResult extends Sized {
    public int status;
    public long sent, acknowledged, refused, failed, discarded, left, repeated, duration_ms;
    public byte[] stopped_by = new byte[40];
    public int tool_state, reserved;
    public byte[] text = new byte[1000];
  }

  @FieldOrder({"struct_size", "abi_major", "abi_minor", "reserved", "open", "close", "capture", "tool_installed",
      "tool_saved", "tool_removed", "tool_contacted", "run_once", "wait_", "report", "administer", "value_known"})
  public static class Api extends Sized {
    public int abi_major, abi_minor, reserved;
    public Pointer open, close, capture, tool_installed, tool_saved, tool_removed, tool_contacted, run_once;
    public Pointer wait_, report, administer, value_known; // Object has a wait of its own
  }

  // ---- callbacks ----

  interface LogCallback extends Callback {
    void invoke(Pointer context, int level, Text.ByValue line);
  }

  interface SettingsCallback extends Callback {
    int invoke(Pointer context, Pointer request, Pointer sink, Pointer sinkContext);
  }

  interface SecretCallback extends Callback {
    int invoke(Pointer context, Text.ByValue vendor, Text.ByValue program, Pointer sink, Pointer sinkContext);
  }

  interface OutcomeCallback extends Callback {
    void invoke(Pointer context, Pointer outcome);
  }

  interface TextSink extends Callback {
    void invoke(Pointer sinkContext, Text.ByValue text);
  }

  /** A call failed. The message is one line: what was wrong, where, and what to do. */
  static final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1;
    final int status;

    Failure(int status, String text) {
      super(text);
      this.status = status;
    }
  }

  /**
   * Makes texts. A Pointer of JNA does not keep the Memory that it points into, so this does: it must live until the
   * call that the texts are handed to has returned (try with resources). The bridge keeps none of them.
   */
  static final class Texts implements AutoCloseable {
    private final List<Memory> alive = new ArrayList<>();

    Text.ByValue of(String value) {
      Text.ByValue text = new Text.ByValue();
      set(text, value);
      return text;
    }

    void set(Text text, String value) {
      byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
      if (bytes.length == 0) return;
      Memory copy = new Memory(bytes.length);
      copy.write(0, bytes, 0, bytes.length);
      alive.add(copy);
      text.bytes = copy;
      text.size = bytes.length;
    }

    /** An array of ptb_pair from names and values in turn. */
    Pointer pairs(String... namesAndValues) {
      Memory array = new Memory((long) namesAndValues.length * new Text().size());
      for (int i = 0; i < namesAndValues.length; ++i) {
        Text text = of(namesAndValues[i]);
        array.setPointer((long) i * text.size(), text.bytes);
        array.setLong((long) i * text.size() + 8, text.size);
      }
      alive.add(array);
      return array;
    }

    @Override
    public void close() {
      alive.forEach(Memory::close);
    }
  }

  /** What a char array of a struct holds. */
  static String terminated(byte[] bytes) {
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) ++end;
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }

  /** The table of the plugin at that path. */
  static Api load(String path) {
    Error error = new Error();
    Function entry;
    try {
      entry = NativeLibrary.getInstance(path).getFunction("ptb_entry");
    } catch (UnsatisfiedLinkError problem) { // an Error of Java's, which few programs expect
      throw new Failure(PTB_E_ARGUMENT, problem.getMessage().lines().findFirst().orElse(path));
    }
    Pointer table = entry.invokePointer(new Object[] {PTB_ABI_MAJOR, error});
    if (table == null) throw new Failure(error.status, terminated(error.text));
    int minor = table.getInt(8); // looked at first: the table of an older plugin is shorter
    if (minor < PTB_ABI_MINOR)
      throw new Failure(PTB_E_ABI, path + " speaks 1." + minor + ", this host 1." + PTB_ABI_MINOR + ": update it");
    Api api = new Api();
    api.readAt(table);
    return api;
  }

  /** Calls a function of the table; throws unless it returns PTB_OK. */
  static void call(Pointer function, Object... arguments) {
    Error error = new Error();
    Object[] all = java.util.Arrays.copyOf(arguments, arguments.length + 1);
    all[arguments.length] = error;
    int status = Function.getFunction(function).invokeInt(all);
    if (status != PTB_OK) throw new Failure(status, terminated(error.text));
  }
}
