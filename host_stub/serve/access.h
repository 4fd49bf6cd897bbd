// Who may change something over HTTP: whoever shows the token, itself or as the cookie that a login with it gives. A
// form also carries a word that other sites cannot know. Keeps no sessions: cookie and word are derived from the token.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace host {

class Access {
 public:
  /// `names`: by which this server may be called beside the loopback's own; a name that somebody else's DNS points here
  /// is none of them.
  Access(std::string token, std::vector<std::string> names);

  /// The token in `file`, mode 0600; made where there is none. Throws Refusal.
  static std::string load_token(const std::filesystem::path& file);

  [[nodiscard]] bool is_token(std::string_view text) const;
  /// Authorization: Bearer TOKEN, or the cookie together with `form_word`: what the form, or X-Form-Word, brings along.
  [[nodiscard]] bool may_change(const Request& request, std::string_view form_word) const;
  /// The token or the cookie: enough to read on what was sent, which may bring the form word.
  [[nodiscard]] bool may_send(const Request& request) const;
  /// The cookie alone: enough to be shown forms.
  [[nodiscard]] bool is_logged_in(const Request& request) const;
  /// False where the request calls this server by a name that is not its own.
  [[nodiscard]] bool knows_host(const Request& request) const;

  /// What a login sets; `secure` over TLS.
  [[nodiscard]] std::string cookie(bool secure) const;
  /// What each form brings along, under kFormWord.
  [[nodiscard]] const std::string& form_word() const { return form_word_; }

 private:
  std::string token_;
  std::string cookie_;
  std::string form_word_;
  std::vector<std::string> names_;
};

inline constexpr std::string_view kFormWord = "form_word";
inline constexpr std::string_view kCookieName = "ptb_host";

}  // namespace host
