// What all pages of ptb-host have in common: head, navigation, footer, look, and the headers that keep a page from
// doing what it need not. Knows nothing of what a page shows.
//
// Classes of style.css: .card, .columns, .bar, .figures (dl of numbers), .facts (dl), .badge and .says with .good .warn
// .bad .note, .stack (pieces below each other), .scroll around a table, table.cards with td[data-label] and a span
// within, table.pairs, .field with .hint and .wrong, .actions, button.main .danger .small, progress, .timeline, .chart
// with .series-1 to .series-4, .live.on, .quiet, .small, .mono, .number, .break, .empty, .only-heard (for screen
// readers).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace host {

struct FrameLink {
  std::string url;
  std::string text;
  bool is_current = false;
};

struct Frame {
  std::string title;
  std::string product = "ptbridge";
  std::string subtitle;
  std::string home_url = "/";
  std::vector<FrameLink> links;
  std::string style_url;
  std::string script_url;       // of this server; empty: none
  std::string aside;            // HTML at the end of the header, such as who is logged in; escaped likewise
  std::uint32_t refresh_s = 0;  // loads itself again after so long where there are no scripts; 0: never
  std::string footer;
  std::string body;  // HTML, escaped by whoever made it
};

/// An HTML page with its security headers: nothing from other sites, no inline script, no frame around it, not stored.
Page framed_page(std::uint32_t status, const Frame& frame);

/// A text of this server: style sheet, script.
Page asset_page(std::string content_type, std::string_view text);

std::string_view style_css();

}  // namespace host
