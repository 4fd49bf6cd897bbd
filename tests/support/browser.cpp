#include "support/browser.h"

#include <curl/curl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

namespace ptb::test {

namespace {

constexpr long kMostRedirects = 5;
constexpr long kSeconds = 60;

std::string unescaped(std::string text) {
  const std::pair<const char*, const char*> kNames[] = {{"&lt;", "<"},  {"&gt;", ">"},   {"&quot;", "\""},
                                                        {"&#39;", "'"}, {"&apos;", "'"}, {"&amp;", "&"}};
  for (const auto& [name, meant] : kNames)
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1))
      text.replace(at, std::string(name).size(), meant);
  return text;
}

/// One element's beginning: its attributes, and where its text begins.
struct Tag {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::size_t end = 0;
  [[nodiscard]] std::string of(const std::string& attribute) const {
    const auto found = attributes.find(attribute);
    return found == attributes.end() ? std::string() : found->second;
  }
};

/// The next beginning of an element at or behind `at`; its name is empty where there is none.
Tag next_tag(const std::string& html, std::size_t at) {
  static const std::regex kAttribute("([a-zA-Z_:-]+)(?:=\"([^\"]*)\")?");
  for (at = html.find('<', at); at != std::string::npos; at = html.find('<', at + 1)) {
    if (at + 1 >= html.size() || std::isalpha(static_cast<unsigned char>(html[at + 1])) == 0) continue;
    bool quoted = false;
    auto end = at;
    while (end < html.size() && (quoted || html[end] != '>')) quoted ^= html[end++] == '"';
    const auto name_end = html.find_first_of(" \n\t>", at);
    Tag tag{html.substr(at + 1, name_end - at - 1), {}, end + 1};
    const auto inside = html.substr(name_end, end - name_end);
    for (std::sregex_iterator one(inside.begin(), inside.end(), kAttribute), none; one != none; ++one)
      tag.attributes[(*one)[1].str()] = unescaped((*one)[2].str());
    return tag;
  }
  return {};
}

std::size_t take(char* bytes, std::size_t size, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(bytes, size * count);
  return size * count;
}

std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* to) {
  std::string line(bytes, size * count);
  auto& headers = *static_cast<std::map<std::string, std::string>*>(to);
  if (line.starts_with("HTTP/")) headers.clear();
  if (const auto colon = line.find(':'); colon != std::string::npos) {
    auto name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto begin = line.find_first_not_of(' ', colon + 1);
    headers[name] = begin == std::string::npos ? "" : line.substr(begin, line.find_last_not_of("\r\n") + 1 - begin);
  }
  return size * count;
}

std::string encoded(const Fields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    const auto escape = [](const std::string& text) {
      char* made = curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size()));
      std::string escaped(made);
      curl_free(made);
      return escaped;
    };
    out += (out.empty() ? "" : "&") + escape(name) + "=" + escape(value);
  }
  return out;
}

}  // namespace

Browser::Browser(int port) : port_(port), curl_(curl_easy_init()) {
  curl_easy_setopt(static_cast<CURL*>(curl_), CURLOPT_COOKIEFILE, "");
}

Browser::~Browser() { curl_easy_cleanup(static_cast<CURL*>(curl_)); }

const Seen& Browser::get(const std::string& place) { return send(place, nullptr, {}); }

const Seen& Browser::send(const std::string& place, const Fields* fields, const Fields& files, bool with_cookies) {
  auto* curl = static_cast<CURL*>(with_cookies ? curl_ : curl_easy_init());
  const auto root = "http://127.0.0.1:" + std::to_string(port_);
  const auto url = root + place;
  seen_ = {};
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, kSeconds);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMostRedirects);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &seen_.body);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &seen_.headers);
  auto* headers = curl_slist_append(nullptr, "Accept: text/html");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_mime* mime = nullptr;
  std::string body;
  if (fields == nullptr) {
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
  } else if (files.empty()) {
    body = encoded(*fields);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
  } else {
    mime = curl_mime_init(curl);
    for (const auto& [name, value] : *fields) {
      auto* part = curl_mime_addpart(mime);
      curl_mime_name(part, name.c_str());
      curl_mime_data(part, value.data(), value.size());
    }
    for (const auto& [name, path] : files) {
      auto* part = curl_mime_addpart(mime);
      curl_mime_name(part, name.c_str());
      curl_mime_filedata(part, path.c_str());
    }
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime);
  }
  const auto done = curl_easy_perform(curl);
  EXPECT_EQ(done, CURLE_OK) << place << ": " << curl_easy_strerror(done);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &seen_.status);
  char* shown = nullptr;
  curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &shown);
  if (shown != nullptr) seen_.place = std::string(shown).substr(std::min(root.size(), std::string(shown).size()));
  if (mime != nullptr) {
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, nullptr);
    curl_mime_free(mime);
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, nullptr);
  curl_slist_free_all(headers);
  if (!with_cookies) curl_easy_cleanup(curl);
  return seen_;
}

Browser::Form Browser::form_to(const std::string& action) const {
  const auto& html = seen_.body;
  auto tag = next_tag(html, 0);
  while (!tag.name.empty() && !(tag.name == "form" && tag.of("action") == action)) tag = next_tag(html, tag.end);
  EXPECT_FALSE(tag.name.empty()) << "no form goes to " << action << " on " << seen_.place << ":\n" << html;
  Form form;
  if (tag.name.empty()) return form;
  EXPECT_EQ(tag.of("method"), "post");
  form.has_files = tag.of("enctype") == "multipart/form-data";
  const auto end = html.find("</form>", tag.end);
  std::string select;
  bool is_chosen = false;
  for (tag = next_tag(html, tag.end); !tag.name.empty() && tag.end <= end; tag = next_tag(html, tag.end)) {
    const auto name = tag.of("name");
    const auto type = tag.of("type");
    if (tag.name == "select") {
      select = name;
      is_chosen = false;
      form.names.push_back(name);
    } else if (tag.name == "option" && !select.empty()) {
      const bool is_selected = tag.attributes.contains("selected");
      if (is_selected && is_chosen) form.fields.pop_back();
      if (is_selected || !is_chosen) form.fields.emplace_back(select, tag.of("value"));
      is_chosen = true;
    } else if (!name.empty() && tag.name == "textarea") {
      auto text = html.substr(tag.end, html.find("</textarea>", tag.end) - tag.end);
      if (text.starts_with('\n')) text.erase(0, 1);
      form.fields.emplace_back(name, unescaped(text));
      form.names.push_back(name);
    } else if (!name.empty() && tag.name == "input") {
      form.names.push_back(name);
      const bool is_choice = type == "checkbox" || type == "radio";
      if (type == "file" || (is_choice && !tag.attributes.contains("checked"))) continue;
      form.fields.emplace_back(name, is_choice && tag.of("value").empty() ? "on" : tag.of("value"));
    } else if (!name.empty() && tag.name == "button") {
      form.names.push_back(name);
    }
  }
  return form;
}

const Seen& Browser::submit(const std::string& action, const Fields& filled, const Fields& files) {
  auto form = form_to(action);
  for (const auto& [name, value] : filled) {
    EXPECT_TRUE(std::count(form.names.begin(), form.names.end(), name)) << action << " has no field " << name;
    std::erase_if(form.fields, [&, name = name](const auto& field) { return field.first == name; });
    form.fields.emplace_back(name, value);
  }
  for (const auto& [name, path] : files)
    EXPECT_TRUE(form.has_files && std::count(form.names.begin(), form.names.end(), name))
        << action << " takes no " << name;
  return send(action, &form.fields, files);
}

const Seen& Browser::post_from_elsewhere(const std::string& place, const Fields& fields, const Fields& files,
                                         bool with_cookies) {
  return send(place, &fields, files, with_cookies);
}

}  // namespace ptb::test
