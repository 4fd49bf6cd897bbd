// What an action came to, on its way to the next page: a cookie that is read once. Pure.
#pragma once

#include <optional>
#include <string>

#include "plugin.h"
#include "serve/pages/page.h"

namespace host {

struct SaidText {
  Said how = Said::good;
  std::string text;
};

/// For said.mustache.
Json to_json(const SaidText& said);

/// Values of Set-Cookie.
std::string keep_said(const SaidText& said);
std::string forget_said();
/// Out of a Cookie header; nothing where there is none that we wrote.
std::optional<SaidText> said_in(const std::string& cookies);

}  // namespace host
