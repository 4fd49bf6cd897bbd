// Reading a small XML document that allows nothing but what is asked for: attributes by their types, and the first
// thing that is wrong, with line and column. Knows XML and units, nothing of policies.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <pugixml.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/pairs.h"
#include "core/result.h"

namespace ptb {

/// Whatever goes wrong is remembered, the first time only, and reading may go on: so whoever reads need not ask after
/// each step.
class DocumentReading {
 public:
  /// `what`: for messages, "policy".
  DocumentReading(std::string_view what, std::string_view xml, std::size_t most_bytes);

  /// The only element of the document; empty where the document cannot be read.
  [[nodiscard]] pugi::xml_node root() const { return root_; }
  [[nodiscard]] const std::optional<Error>& problem() const { return problem_; }

  template <typename... Args>
  void wrong(const pugi::xml_node& where, fmt::format_string<Args...> format, Args&&... args) {
    wrong_at(where.offset_debug() - 1, fmt::format(format, std::forward<Args>(args)...));
  }

  /// Anything else in the element is wrong: other attributes, one of them twice, other elements, text.
  void only(const pugi::xml_node& node, std::initializer_list<std::string_view> attributes,
            std::initializer_list<std::string_view> children = {});

  /// The attribute without white space around it, where it is there.
  std::optional<std::string> text(const pugi::xml_node& node, const char* name) const;
  /// The same; wrong where it is not there.
  std::string required(const pugi::xml_node& node, const char* name);
  /// What stands between white space in the attribute.
  std::vector<std::string> words(const pugi::xml_node& node, const char* name) const;

  /// Each leaves `into` alone where the attribute is not there or wrong. False: it is not there.
  bool whole_number(const pugi::xml_node& node, const char* name, std::int64_t least, std::int64_t most,
                    std::int64_t& into);
  bool decimal(const pugi::xml_node& node, const char* name, double least, double most, double& into);
  bool duration(const pugi::xml_node& node, const char* name, std::int64_t& into_ms);
  bool time_of_day(const pugi::xml_node& node, const char* name, int most_minutes, int& into_minutes);
  template <typename Value>
  bool choice(const pugi::xml_node& node, const char* name,
              std::initializer_list<std::pair<std::string_view, Value>> values, Value& into) {
    const auto said = text(node, name);
    if (!said) return false;
    std::string names;
    for (const auto& [word, value] : values) {
      if (*said == word) {
        into = value;
        return true;
      }
      names += names.empty() ? "" : ", ";
      names += word;
    }
    wrong(node, "{}=\"{}\" of <{}> is unknown; use one of {}", name, printable(*said, 60), node.name(), names);
    return true;
  }

  /// The same for a duration that is the text of an element.
  void duration_inside(const pugi::xml_node& node, std::int64_t& into_ms);

 private:
  void parse(std::size_t most_bytes);
  void wrong_at(std::ptrdiff_t offset, const std::string& text);
  void check_attributes(const pugi::xml_node& node, std::initializer_list<std::string_view> allowed);
  void check_inside(const pugi::xml_node& node, std::initializer_list<std::string_view> allowed);
  void read_duration(const pugi::xml_node& node, const std::string& where, std::string_view said,
                     std::int64_t& into_ms);

  std::string_view what_;
  std::string_view xml_;
  pugi::xml_document document_;
  pugi::xml_node root_;
  std::optional<Error> problem_;
};

}  // namespace ptb
