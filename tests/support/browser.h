// A browser without scripts, for stories played on the pages of a server: it keeps cookies, follows redirects, and
// sends a form as the page has it but for what a person fills in. Knows nothing of what pages mean.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ptb::test {

/// Name and value; an empty value of a checkbox takes its tick away.
using Fields = std::vector<std::pair<std::string, std::string>>;

struct Seen {
  long status = 0;
  std::string place;                           ///< path and query of what is shown, after redirects
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  [[nodiscard]] bool has(const std::string& text) const { return body.find(text) != std::string::npos; }
};

class Browser {
 public:
  explicit Browser(int port);
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  const Seen& get(const std::string& place);
  /// Sends the form on the page that is shown which goes to `action`. `files`: field and path of what a person chose.
  /// Fails the test where there is no such form, or it has no such field.
  const Seen& submit(const std::string& action, const Fields& filled = {}, const Fields& files = {});
  /// A form that is on no page of the server: with the cookies, where `with_cookies`, and nothing else.
  const Seen& post_from_elsewhere(const std::string& place, const Fields& fields, const Fields& files = {},
                                  bool with_cookies = true);
  [[nodiscard]] const Seen& seen() const { return seen_; }

 private:
  struct Form {
    bool has_files = false;
    Fields fields;
    std::vector<std::string> names;  ///< of all fields, also of those that would not be sent
  };
  Form form_to(const std::string& action) const;
  const Seen& send(const std::string& place, const Fields* fields, const Fields& files, bool with_cookies = true);

  int port_;
  void* curl_;
  Seen seen_;
};

}  // namespace ptb::test
