// What a link says about the tool that it launches: the host of its URL, and the handle of a content handler. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "package/cartridge.h"

namespace host {

/// The handle of a content handler (resource/x-…) that a launch URL has as a part of its path or of its query, or that
/// a custom property content_handle or handle has as its value; empty: neither says.
std::string handle_of(const CartridgeLink& link);

/// The first resource/x-NAME in a text; '/' may be percent-encoded. Empty: there is none.
std::string handle_in(std::string_view text);

/// The host of an http or https URL, in lower case, without user and port; none where there is none.
std::optional<std::string> host_of(std::string_view url);

/// `text` as one code of a locator: lower case, runs of what is no letter, digit, '.' or '_' as one '-', at most
/// `most` bytes. Empty: nothing is left of it.
std::string code_from(std::string_view text, std::size_t most = 200);

/// VENDOR/PROGRAM as a handle by convention names them: resource/x-acme-quiz is acme/quiz, resource/x-acme is
/// acme/content.
std::string locator_of_handle(std::string_view handle);

}  // namespace host
