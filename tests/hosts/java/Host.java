import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntSupplier;

/**
 * A complete host in Java, to copy from, with Ptbridge.java beside it: loads the plugin, installs a tool, captures what
 * happened while the tool is switched off, asks why it waits, saves the tool as available, captures again, pumps,
 * closes. docs/hosts.md goes through it.
 *
 * <p>java -cp jna.jar:. Host PLUGIN STORE DESCRIPTOR SECRET: ptbridge.so, the store's path, the tool's registration
 * document, its secret. All callbacks come on the thread that is inside open, capture, run_once, wait or close.
 */
final class Host implements AutoCloseable {
  private static final String[] WORDS = {"?", "new", "duplicate", "ignored"};
  private static final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  private final Ptbridge.Api api;
  // The bridge calls its callbacks until close has returned. JNA frees what nothing in Java refers to: so a field.
  private final Ptbridge.Host callbacks = new Ptbridge.Host();
  private final Pointer bridge;
  private final String secret;
  private String quizLevel = "hard"; // a tool setting of the course _5_1
  private int toolState = Ptbridge.PTB_TOOL_UNAVAILABLE;

  Host(String plugin, String path, String secret) {
    this.secret = secret;
    api = Ptbridge.load(plugin);
    callbacks.log = (context, level, line) -> guarded(() -> {
      if (level >= Ptbridge.PTB_LOG_WARNING) System.err.println("bridge: " + line);
      return Ptbridge.PTB_OK;
    });
    callbacks.load_settings = (context, request, sink, sinkContext) ->
        guarded(() -> loadSettings(request, sink, sinkContext));
    callbacks.load_secret = (context, vendor, program, sink, sinkContext) ->
        guarded(() -> loadSecret(vendor.toString(), program.toString(), sink, sinkContext));
    callbacks.outcome = (context, given) -> guarded(() -> {
      Ptbridge.Outcome outcome = new Ptbridge.Outcome();
      outcome.readAt(given);
      out.println("outcome: " + outcome.kind + " " + outcome.state);
      return Ptbridge.PTB_OK;
    });
    callbacks.write();
    try (Ptbridge.Texts texts = new Ptbridge.Texts()) {
      Ptbridge.OpenOptions options = new Ptbridge.OpenOptions(); // flags 0: no thread of the bridge's own
      options.host = callbacks.getPointer();
      texts.set(options.store, "sqlite:" + path);
      texts.set(options.tcbaseurl, "http://lms.example:80");
      texts.set(options.generation, "first");
      PointerByReference opened = new PointerByReference();
      Ptbridge.call(api.open, options, opened);
      bridge = opened.getValue();
    }
  }

  /**
   * An exception cannot cross into C: JNA would print it and return 0, which is PTB_OK, and the event would be kept
   * without its settings. So every callback catches all, and says itself that it failed.
   */
  private static int guarded(IntSupplier callback) {
    try {
      return callback.getAsInt();
    } catch (Throwable problem) {
      System.err.println("callback: " + problem);
      return Ptbridge.PTB_E_HOST;
    }
  }

  private int loadSettings(Pointer request, Pointer sink, Pointer sinkContext) {
    Ptbridge.SettingsRequest asked = new Ptbridge.SettingsRequest();
    asked.readAt(request);
    if (!isOurs(asked.vendor.toString(), asked.program.toString())) return Ptbridge.PTB_OK; // no settings: fine
    int status = tell(sink, sinkContext, Ptbridge.PTB_SCOPE_SYSTEM, "quiz_site", "Université");
    if (status == Ptbridge.PTB_OK && asked.course_id.toString().equals("_5_1"))
      status = tell(sink, sinkContext, Ptbridge.PTB_SCOPE_COURSE, "quiz_level", quizLevel);
    return status;
  }

  private static int tell(Pointer sink, Pointer sinkContext, int scope, String key, String value) {
    try (Ptbridge.Texts texts = new Ptbridge.Texts()) {
      return Function.getFunction(sink).invokeInt(new Object[] {sinkContext, scope, texts.of(key), texts.of(value)});
    }
  }

  private int loadSecret(String vendor, String program, Pointer sink, Pointer sinkContext) {
    if (!isOurs(vendor, program)) return Ptbridge.PTB_E_NOT_FOUND;
    try (Ptbridge.Texts texts = new Ptbridge.Texts()) {
      Function.getFunction(sink).invokeVoid(new Object[] {sinkContext, texts.of(secret)});
    }
    return Ptbridge.PTB_OK;
  }

  private static boolean isOurs(String vendor, String program) {
    return vendor.equals("acme") && program.equals("quiz");
  }

  void install(String descriptor) {
    try (Ptbridge.Texts texts = new Ptbridge.Texts()) {
      Ptbridge.Tool tool = new Ptbridge.Tool();
      tool.flags = Ptbridge.PTB_TOOL_ALLOW_HTTP | Ptbridge.PTB_TOOL_ALLOW_PRIVATE; // a tool on this machine
      tool.state = toolState;
      texts.set(tool.vendor, "acme");
      texts.set(tool.program, "quiz");
      texts.set(tool.guid, "0123456789abcdef0123456789abcdef");
      texts.set(tool.descriptor, descriptor);
      Ptbridge.call(api.tool_installed, bridge, tool);
    }
  }

  /**
   * One restored course with one item of the tool: one array, one commit. The LMS has committed its own operation
   * before, under the id that it gives here, so this can be repeated after a crash.
   */
  void restore(String operation) {
    Ptbridge.Event[] events = {new Ptbridge.Event(), new Ptbridge.Event()};
    Ptbridge.CaptureResult[] results = {new Ptbridge.CaptureResult(), new Ptbridge.CaptureResult()};
    String[] kinds = {"course-imported", "content-imported"};
    try (Ptbridge.Texts texts = new Ptbridge.Texts();
        Memory eventPointers = new Memory(16);
        Memory resultPointers = new Memory(16)) {
      events[0].arguments = texts.pairs("type", "exact", "course_id", "_5_1", "backup_id", "_9_1");
      events[0].argument_count = 3;
      texts.set(events[1].content_id, "_77_1");
      events[1].arguments =
          texts.pairs("type", "exact", "content_id", "_77_1", "course_id", "_5_1", "backup_id", "_70_1");
      events[1].argument_count = 4;
      events[1].context = texts.pairs("content_handle", "resource/x-acme-quiz");
      events[1].context_count = 1;
      for (int i = 0; i < 2; ++i) {
        texts.set(events[i].operation, operation);
        texts.set(events[i].vendor, "acme");
        texts.set(events[i].program, "quiz");
        texts.set(events[i].kind, kinds[i]);
        texts.set(events[i].course_id, "_5_1");
        events[i].write(); // JNA copies only structs that are arguments themselves
        results[i].write();
        eventPointers.setPointer(8L * i, events[i].getPointer());
        resultPointers.setPointer(8L * i, results[i].getPointer());
      }
      Ptbridge.call(api.capture, bridge, eventPointers, 2L, resultPointers, null);
      Reference.reachabilityFence(events); // else the collector might take what only C points to
    }
    for (int i = 0; i < 2; ++i) {
      results[i].read();
      out.println(operation + ": " + kinds[i] + " " + WORDS[results[i].answer] + " "
          + Ptbridge.terminated(results[i].reason));
    }
    String id = Ptbridge.terminated(results[0].event_id);
    if (results[0].answer == Ptbridge.PTB_NEW)
      out.println("why: " + report("{\"report\":\"explain\",\"id\":\"" + id + "\"}"));
  }

  /** The administrator pressed Save. The state is the LMS's to store only when the bridge names it. */
  void saveAsAvailable() {
    LongByReference operation = new LongByReference();
    try (Ptbridge.Texts texts = new Ptbridge.Texts()) {
      Ptbridge.call(api.tool_saved, bridge, texts.of("acme"), texts.of("quiz"), Ptbridge.PTB_TOOL_AVAILABLE, operation);
    }
    Ptbridge.OperationResult result = new Ptbridge.OperationResult();
    while (!hasEnded(operation.getValue(), 1000, result)) {} // each second: a chance to draw a progress bar
    if (result.status != Ptbridge.PTB_OK) // the tool said no, or a walk stopped: the old state stays, nothing is lost
      throw new Ptbridge.Failure(result.status, Ptbridge.terminated(result.text));
    toolState = result.tool_state;
    out.println("saved: " + result.sent + " sent, " + result.acknowledged + " acknowledged, " + result.left
        + " left, tool_state " + toolState);
  }

  /** Waits, pumping. Operation 0: until nothing is under way, which is for a process that ends soon. */
  boolean hasEnded(long operation, int timeoutMs, Ptbridge.OperationResult result) {
    try {
      Ptbridge.call(api.wait_, bridge, operation, timeoutMs, result);
      return true;
    } catch (Ptbridge.Failure failure) {
      if (failure.status != Ptbridge.PTB_E_TIMEOUT) throw failure;
      return false;
    }
  }

  /** A resident LMS calls run_once from its timer, at the latest after next_ms, and after each capture. */
  void pump() {
    IntByReference nextMs = new IntByReference(0);
    do Ptbridge.call(api.run_once, bridge, 1000, nextMs);
    while (nextMs.getValue() == 0);
  }

  String report(String question) {
    StringBuilder answer = new StringBuilder();
    Ptbridge.TextSink sink = (context, json) -> guarded(() -> answer.append(json).length()); // lives through the call
    try (Ptbridge.Texts texts = new Ptbridge.Texts()) {
      Ptbridge.call(api.report, bridge, texts.of(question), sink, null);
    }
    return answer.toString();
  }

  /** Only a call that another thread is still in can make this fail. */
  @Override
  public void close() {
    Ptbridge.call(api.close, bridge, 30000);
  }

  public static void main(String[] given) {
    if (given.length != 4) {
      System.err.println("usage: Host PLUGIN STORE DESCRIPTOR SECRET");
      System.exit(2);
    }
    try (Host host = new Host(given[0], given[1], given[3])) {
      host.install(Files.readString(Path.of(given[2])));
      host.restore("restore-1");
      host.quizLevel = "easy"; // what waits goes out with the level of its capture all the same
      host.saveAsAvailable();
      host.restore("restore-1"); // a duplicate
      host.restore("restore-2"); // the tool is up: this goes out as soon as the bridge is lent a thread
      host.pump();
      if (!host.hasEnded(0, 30000, new Ptbridge.OperationResult())) System.err.println("Host: something is under way");
      out.println("lanes: " + host.report("{\"report\":\"lanes\"}"));
    } catch (Ptbridge.Failure failure) {
      System.err.println("Host: " + failure.getMessage());
      System.exit(1);
    } catch (IOException problem) {
      System.err.println("Host: cannot read the registration document: " + problem.getMessage());
      System.exit(1);
    }
  }
}
