#include "core/event.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <boost/uuid/string_generator.hpp>
#include <stdexcept>

#include "core/planted_bug.h"

namespace ptb {

namespace {

constexpr std::array<std::string_view, 16> kKinds = {
    "",
    "course-copied",
    "course-imported",
    "group-copied",
    "group-imported",
    "content-copied",
    "content-imported",
    "content-deleted",
    "course-exported",
    "content-exported",
    "group-exported",
    "course-deleted",
    "state-change",
    "remove",
    "reregister",
    "ping",
};
constexpr std::array<std::string_view, 5> kStates = {"pending", "delivered", "refused", "parked", "discarded"};
constexpr std::array<std::string_view, 10> kDeferrals = {
    "first_attempt", "not_installed", "not_available", "not_responding", "behind_backlog",
    "delayed",       "held",          "suspended",     "maintenance",    "queued_for_pull",
};

template <typename Enum, std::size_t N>
std::optional<Enum> find_in(const std::array<std::string_view, N>& names, std::string_view text) {
  const auto at = std::find(names.begin(), names.end(), text);
  if (text.empty() || at == names.end()) return std::nullopt;
  return static_cast<Enum>(at - names.begin());
}

bool is_code(std::string_view code) {
  return !code.empty() && code.size() <= 200 && is_clean_utf8(code) && code.find('/') == std::string_view::npos;
}

}  // namespace

std::string_view to_text(EventKind kind) { return kKinds.at(static_cast<std::size_t>(kind)); }
std::optional<EventKind> event_kind_from(std::string_view text) { return find_in<EventKind>(kKinds, text); }

std::optional<EventKind> event_kind_from(std::int64_t number) {
  if (number < 1 || number >= static_cast<std::int64_t>(kKinds.size())) return std::nullopt;
  return static_cast<EventKind>(number);
}

std::string_view to_text(EventState state) { return kStates.at(static_cast<std::size_t>(state)); }
std::optional<EventState> event_state_from(std::string_view text) { return find_in<EventState>(kStates, text); }

std::string_view to_text(Deferral deferral) { return kDeferrals.at(static_cast<std::size_t>(deferral)); }

std::optional<Deferral> deferral_from(std::int64_t number) {
  if (number < 0 || number >= static_cast<std::int64_t>(kDeferrals.size())) return std::nullopt;
  return static_cast<Deferral>(number);
}

std::string_view Event::content_handle() const { return find_encoded(context, "content_handle").value_or(""); }

std::string to_text(const Locator& locator) { return locator.vendor + "/" + locator.program; }

Result<Locator> locator_from(std::string_view text) {
  const auto slash = text.find('/');
  Locator locator;
  if (slash != std::string_view::npos) {
    locator.vendor = text.substr(0, slash);
    locator.program = text.substr(slash + 1);
  }
  if (!is_code(locator.vendor) || !is_code(locator.program))
    return fail(Status::argument,
                "'" + printable(text, 100) +
                    "' is no tool locator: write VENDOR/PROGRAM, two codes of 1 to 200 bytes without '/'");
  return locator;
}

namespace {

/// By RFC 9562: the first 16 of those bytes, with the version and the variant put in.
template <typename Bytes>
EventId id_of(const Bytes& bytes, unsigned version) {
  EventId id{};
  std::copy_n(bytes.begin(), id.size(), id.begin());
  id.data[6] = static_cast<std::uint8_t>((id.data[6] & 0x0FU) | version << 4U);
  id.data[8] = static_cast<std::uint8_t>((id.data[8] & 0x3FU) | 0x80U);
  return id;
}

/// OpenSSL's takes a fifth of the time of Boost's.
std::array<unsigned char, 20> sha1(std::string_view text) {
  std::array<unsigned char, 20> digest{};
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr) != 1)
    throw std::runtime_error("OpenSSL has no SHA-1");
  return digest;
}

}  // namespace

EventId event_id_v4(Random& random) {
  EventId bytes{};
  random.fill({bytes.begin(), bytes.size()});
  return id_of(bytes, 4);
}

EventId event_id_v5(const EventId& bridge, std::string_view generation, std::string_view operation,
                    const Locator& locator, EventKind kind, std::uint32_t ordinal, const Pairs& arguments) {
  PairViews sorted(arguments.begin(), arguments.end());
  std::sort(sorted.begin(), sorted.end());
  // The bridge id is the namespace: it comes first in what is hashed.
  std::string name(bridge.begin(), bridge.end());
  append_netstring(name, generation);
  append_netstring(name, operation);
  const Locator& tool = planted(PlantedBug::id_without_tool) ? Locator{} : locator;
  append_netstring(name, tool.vendor);
  append_netstring(name, tool.program);
  append_netstring(name, to_text(kind));
  append_netstring(name, std::to_string(ordinal));
  for (const auto& [key, value] : sorted) {
    append_netstring(name, key);
    append_netstring(name, value);
  }
  return id_of(sha1(name), 5);
}

EventIdText text_of(const EventId& id) {
  EventIdText text{};
  std::size_t at = 0;
  for (const unsigned char byte : id) {
    if (at == 8 || at == 13 || at == 18 || at == 23) text[at++] = '-';
    text[at++] = "0123456789abcdef"[byte >> 4U];
    text[at++] = "0123456789abcdef"[byte & 15U];
  }
  return text;
}

std::string to_text(const EventId& id) {
  const EventIdText text = text_of(id);
  return {text.begin(), text.end()};
}

std::optional<EventId> event_id_from(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return std::nullopt;
  }
  return boost::uuids::string_generator()(text.begin(), text.end());
}

}  // namespace ptb
