#include "web/page_frame.h"

#include <kainjow/mustache.hpp>

#include "web/web_texts.h"

namespace host {

namespace mustache = kainjow::mustache;

namespace {

constexpr const char* kContentPolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

}  // namespace

Page framed_page(std::uint32_t status, const Frame& frame) {
  mustache::data page;
  page.set("title", frame.title);
  page.set("product", frame.product);
  page.set("home_url", frame.home_url);
  page.set("style_url", frame.style_url);
  page.set("footer", frame.footer);
  page.set("body", frame.body);
  page.set("aside", frame.aside);
  if (frame.refresh_s > 0) page.set("refresh_s", std::to_string(frame.refresh_s));
  // An empty text counts as true.
  if (!frame.subtitle.empty()) page.set("subtitle", frame.subtitle);
  if (!frame.script_url.empty()) page.set("script_url", frame.script_url);
  mustache::data links(mustache::data::type::list);
  for (const auto& link : frame.links) {
    mustache::data one;
    one.set("url", link.url);
    one.set("text", link.text);
    one.set("is_current", link.is_current);
    links.push_back(one);
  }
  page.set("has_links", !frame.links.empty());
  page.set("links", links);
  mustache::mustache whole{std::string(web_text("frame.mustache"))};
  return {status,
          "text/html; charset=utf-8",
          whole.render(page),
          {{"Content-Security-Policy", kContentPolicy},
           {"X-Content-Type-Options", "nosniff"},
           {"Referrer-Policy", "same-origin"},
           {"Cross-Origin-Opener-Policy", "same-origin"},
           {"Cache-Control", "no-store"}}};
}

Page asset_page(std::string content_type, std::string_view text) {
  return {200,
          std::move(content_type),
          std::string(text),
          {{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-cache"}}};
}

std::string_view style_css() { return web_text("style.css"); }

}  // namespace host
