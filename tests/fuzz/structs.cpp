// The structs of the C ABI: ptb_event, ptb_tool and what is written back, of any size a host may claim, with any bytes
// behind what the plugin knows, in blocks that end where the struct ends. Uses the loaded plugin like any host; nothing
// is pumped, so nothing is sent.
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/must.h"
#include "ptbridge/ptbridge.h"

namespace {

using ptb::fuzz::must;

constexpr int kInputsPerStore = 1'000;

ptb_text as_text(std::string_view text) { return {text.data(), text.size()}; }

constexpr std::string_view kDescriptor =
    "<tool-profile><vendor><code>acme</code></vendor><tool-info><code>quiz</code></tool-info><tool-instance><base-urls>"
    "<base-url type=\"https\">https://quiz.example</base-url></base-urls></tool-instance><http-actions><action "
    "type=\"course-imported\" path=\"/hook\"/></http-actions></tool-profile>";

/// Texts that fields may hold; the input chooses.
constexpr std::string_view kWords[] = {"acme",
                                       "quiz",
                                       "course-imported",
                                       "content-copied",
                                       "_5_1",
                                       "operation-1",
                                       "proxy-tool",
                                       "standard-webhooks",
                                       "lti-notice",
                                       "0123456789abcdef0123456789abcdef",
                                       "https://quiz.example/hook",
                                       "10.1.0.0/16 fd00::/8",
                                       "content_handle",
                                       "type",
                                       "a/b",
                                       "\xFF\xFE",
                                       kDescriptor};

/// Takes an input apart. At its end everything is zero.
class Input {
 public:
  explicit Input(std::string_view bytes) : left_(bytes) {}

  std::uint8_t byte() {
    if (left_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(left_.front());
    left_.remove_prefix(1);
    return value;
  }
  std::uint32_t number() { return byte() | byte() << 8U | byte() << 16U | static_cast<std::uint32_t>(byte()) << 24U; }
  std::string_view bytes(std::size_t size) {
    const auto taken = left_.substr(0, size);
    left_.remove_prefix(taken.size());
    return taken;
  }

  /// A field: `usual`, one of the words, bytes of the input, nothing, or a text that no host could mean.
  ptb_text text(std::string_view usual) {
    const std::uint8_t choice = byte();
    if (choice < 128) return as_text(usual);
    if (choice < 200) return as_text(kWords[choice % std::size(kWords)]);
    if (choice < 240) return as_text(bytes(choice - 200U));
    if (choice < 248) return {nullptr, 0};
    if (choice < 252) return {nullptr, 1U + byte()};
    return {kDescriptor.data(), std::size_t{1} << (40 + choice % 8)};  // refused for its size, never read
  }

  std::uint32_t size_of_struct(std::size_t usual) {
    const std::uint8_t choice = byte();
    if (choice < 160) return static_cast<std::uint32_t>(usual);
    if (choice < 240) return static_cast<std::uint32_t>(usual) - 40 + choice % 80;
    return choice < 250 ? number() % 20'000 : number();
  }

 private:
  std::string_view left_;
};

/// A copy of a struct that claims `size` bytes and has them, up to what a plugin may believe; what is not known to this
/// header comes from the input.
template <typename T>
class Claimed {
 public:
  Claimed(const T& from, Input& input) : Claimed(from, input, input.size_of_struct(sizeof(T))) {}
  Claimed(const T& from, Input& input, std::uint32_t size) {
    const std::size_t held = std::clamp<std::size_t>(size, sizeof size, 32'768);
    bytes_ = std::make_unique<unsigned char[]>(held);
    std::memcpy(bytes_.get(), &from, std::min(held, sizeof from));
    const bool zero_behind = input.byte() < 200;
    for (std::size_t i = sizeof from; i < held; ++i) bytes_[i] = zero_behind ? 0 : input.byte();
    std::memcpy(bytes_.get(), &size, sizeof size);
    size_ = size;
  }
  T* get() { return reinterpret_cast<T*>(bytes_.get()); }
  [[nodiscard]] std::uint32_t size() const { return size_; }
  /// The field's bytes where the block has all of them.
  template <typename Field>
  const Field* field(Field T::*member) {
    T* const all = get();
    const auto end = reinterpret_cast<const unsigned char*>(&(all->*member) + 1) - bytes_.get();
    return static_cast<std::uint32_t>(end) <= size_ ? &(all->*member) : nullptr;
  }

 private:
  std::unique_ptr<unsigned char[]> bytes_;
  std::uint32_t size_ = 0;
};

/// The host: its plugin, its store, and its answers, which the input gives.
class Lms {
 public:
  Lms() {
    library_ = dlopen(PTB_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) must(false, "the plugin can be loaded", dlerror());
    const auto entry = reinterpret_cast<ptb_entry_function>(dlsym(library_, "ptb_entry"));
    must(entry != nullptr, "the plugin has its function");
    api = entry(PTB_ABI_MAJOR, nullptr);
    must(api != nullptr, "the plugin speaks this version");
    const char* const place = std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
    std::string pattern = std::string(place) + "/ptb-fuzz-XXXXXX";
    must(mkdtemp(pattern.data()) != nullptr, "a directory can be made", pattern);
    directory_ = pattern;
  }
  ~Lms() {
    close();
    std::filesystem::remove_all(directory_);
    dlclose(library_);
  }
  Lms(const Lms&) = delete;
  Lms& operator=(const Lms&) = delete;

  void begin(Input& input) {
    now_ = &input;
    if (inputs_++ % kInputsPerStore != 0) return;
    close();
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
    open();
  }

  const ptb_api* api = nullptr;
  ptb_bridge* bridge = nullptr;

 private:
  void open() {
    ptb_host host{};
    host.struct_size = sizeof host;
    host.context = this;
    host.load_settings = [](void* context, const ptb_settings_request*, ptb_setting_sink sink, void* sink_context) {
      Input& input = *static_cast<Lms*>(context)->now_;
      for (unsigned count = input.byte() % 4U; count > 0; --count) {
        const auto scope = static_cast<std::int32_t>(input.byte() % 5U) - 1;
        const ptb_text key = input.text("colour");
        if (sink(sink_context, scope, key, input.text("red")) != PTB_OK) break;
      }
      return input.byte() == 255 ? PTB_E_HOST : PTB_OK;
    };
    host.load_secret = [](void*, ptb_text, ptb_text, ptb_text_sink, void*) { return PTB_E_HOST; };
    ptb_open_options options{};
    options.struct_size = sizeof options;
    options.host = &host;
    const std::string store = "sqlite:" + directory_ + "/bridge.db";
    options.store = as_text(store);
    options.tcbaseurl = as_text("https://lms.example:443");
    ptb_error error{};
    error.struct_size = sizeof error;
    must(api->open(&options, &bridge, &error) == PTB_OK, "a bridge opens", error.text);
  }
  void close() {
    if (bridge != nullptr) must(api->close(bridge, 1'000, nullptr) == PTB_OK, "a bridge closes");
    bridge = nullptr;
  }

  void* library_ = nullptr;
  std::string directory_;
  Input* now_ = nullptr;
  int inputs_ = 0;
};

bool is_one_line(const char* text, std::size_t room) {
  const auto* const end = static_cast<const char*>(std::memchr(text, 0, room));
  return end != nullptr && std::none_of(text, end, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

void check(std::int32_t status, Claimed<ptb_error>& error) {
  must(status >= PTB_OK && status <= PTB_E_INTERNAL, "a status is known", std::to_string(status));
  must(status != PTB_E_INTERNAL && status != PTB_E_DAMAGED && status != PTB_E_STORE, "no struct harms the plugin",
       error.field(&ptb_error::text) != nullptr ? error.get()->text : "");
  if (status == PTB_OK || error.field(&ptb_error::text) == nullptr || error.size() > 16 * 1024) return;
  must(*error.field(&ptb_error::status) == status, "an error holds the status");
  must(error.get()->text[0] != '\0' && is_one_line(error.get()->text, sizeof error.get()->text),
       "an error holds one line");
}

ptb_error empty_error() {
  ptb_error error{};
  error.struct_size = sizeof error;
  return error;
}

/// Pairs in a block of their own. A count beyond the limit is refused, so it need not be true.
struct Pairs {
  explicit Pairs(Input& input, std::size_t limit) {
    const std::uint8_t choice = input.byte();
    for (unsigned i = choice % 4U; i > 0; --i) {
      const ptb_text name = input.text(kWords[i]);
      held.push_back({name, input.text("exact")});
    }
    held.shrink_to_fit();
    count = choice < 250 ? held.size() : limit + 1 + input.number();
    if (choice == 249) missing = true;
  }
  [[nodiscard]] const ptb_pair* begin() const { return missing || held.empty() ? nullptr : held.data(); }
  std::vector<ptb_pair> held;
  std::size_t count = 0;
  bool missing = false;
};

void capture(Lms& lms, Input& input) {
  ptb_event event{};
  event.ordinal = input.byte();
  event.operation = input.text("operation-1");
  event.vendor = input.text("acme");
  event.program = input.text("quiz");
  event.kind = input.text("course-imported");
  event.course_id = input.text("_5_1");
  event.content_id = input.text({});
  const Pairs arguments(input, 64);
  event.arguments = arguments.begin();
  event.argument_count = arguments.count;
  const Pairs context(input, 64);
  event.context = context.begin();
  event.context_count = context.count;
  event.occurred_at_ms = static_cast<std::int64_t>(input.number()) - 1;
  Claimed<ptb_event> claimed(event, input);
  Claimed<ptb_capture_result> result({}, input);
  Claimed<ptb_error> error(empty_error(), input);
  const ptb_event* const events[] = {claimed.get()};
  ptb_capture_result* const results[] = {result.get()};
  std::uint64_t operation = 0;
  const auto status =
      lms.api->capture(lms.bridge, events, 1, results, input.byte() < 200 ? nullptr : &operation, error.get());
  check(status, error);
  if (status != PTB_OK) return;
  if (const auto* answer = result.field(&ptb_capture_result::answer))
    must(*answer >= PTB_NEW && *answer <= PTB_IGNORED, "a capture has an answer");
  if (result.field(&ptb_capture_result::reason) != nullptr)
    must(is_one_line(result.get()->event_id, 40) && is_one_line(result.get()->reason, 40), "and says it in texts");
}

void install(Lms& lms, Input& input) {
  ptb_tool tool{};
  tool.flags = input.byte() < 200 ? input.byte() % 16U : input.number();
  tool.state = static_cast<std::int32_t>(input.byte() % 6U) - 1;
  tool.timeout_ms = input.byte() < 200 ? 0 : input.number();
  tool.vendor = input.text("acme");
  tool.program = input.text("quiz");
  tool.guid = input.text("0123456789abcdef0123456789abcdef");
  tool.descriptor = input.text(kDescriptor);
  tool.wire = input.text("proxy-tool");
  tool.ca_file = input.text({});
  tool.allow_cidrs = input.text({});
  tool.client_cert_file = input.text({});
  tool.client_key_file = input.text({});
  tool.endpoint = input.text({});
  tool.lti_client_id = input.text({});
  tool.lti_deployment_id = input.text({});
  tool.max_batch = input.byte() < 200 ? 0 : input.number();
  Claimed<ptb_tool> claimed(tool, input);
  Claimed<ptb_error> error(empty_error(), input);
  check(lms.api->tool_installed(lms.bridge, claimed.get(), error.get()), error);
}

void call_with_texts(Lms& lms, Input& input) {
  const ptb_text vendor = input.text("acme");
  const ptb_text program = input.text("quiz");
  Claimed<ptb_error> error(empty_error(), input);
  std::uint64_t operation = 0;
  switch (input.byte() % 4U) {
    case 0:
      check(lms.api->tool_saved(lms.bridge, vendor, program, static_cast<std::int32_t>(input.byte() % 6U) - 1,
                                &operation, error.get()),
            error);
      break;
    case 1: check(lms.api->tool_contacted(lms.bridge, vendor, program, &operation, error.get()), error); break;
    case 2: check(lms.api->tool_removed(lms.bridge, vendor, program, error.get()), error); break;
    default:
      check(lms.api->report(
                lms.bridge, input.text(R"({"report":"lanes"})"), [](void*, ptb_text) {}, nullptr, error.get()),
            error);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static Lms lms;
  Input input({reinterpret_cast<const char*>(bytes), size});
  lms.begin(input);
  for (unsigned calls = 1 + input.byte() % 3U; calls > 0; --calls) {
    const std::uint8_t choice = input.byte();
    if (choice < 110)
      capture(lms, input);
    else if (choice < 200)
      install(lms, input);
    else
      call_with_texts(lms, input);
  }
  return 0;
}
