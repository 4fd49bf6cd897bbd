#include "receive/log_line.h"

#include <nlohmann/json.hpp>

namespace host {

using Json = nlohmann::ordered_json;

std::string_view LogLine::param(std::string_view name) const {
  const auto* value = find_param(params, name);
  return value == nullptr ? std::string_view{} : std::string_view(*value);
}

bool was_received(const LogLine& line) { return line.method == "POST" && line.problem.empty() && line.answer != "die"; }

bool said_success(const LogLine& line) {
  return was_received(line) && (line.answer == "ok" || line.answer == "slow" || line.answer == "die after");
}

std::string to_json_line(const LogLine& line) {
  Json params = Json::array();
  for (const auto& [name, value] : line.params) params.push_back(Json::array({name, value}));
  Json headers = Json::object();
  for (const auto& [name, value] : line.headers) headers[name] = value;
  Json object = {{"at_ms", line.at_ms},
                 {"method", line.method},
                 {"path", line.path},
                 {"params", std::move(params)},
                 {"headers", std::move(headers)},
                 {"body_bytes", line.body_bytes},
                 {"mac_ok", line.mac_ok ? Json(*line.mac_ok) : Json(nullptr)},
                 {"repeat", line.repeat},
                 {"answer", line.answer}};
  if (!line.problem.empty()) object["problem"] = line.problem;
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

tl::expected<LogLine, std::string> parse_json_line(std::string_view text) {
  try {
    const auto object = Json::parse(text);
    LogLine line;
    line.at_ms = object.at("at_ms").get<std::int64_t>();
    line.method = object.at("method").get<std::string>();
    line.path = object.at("path").get<std::string>();
    for (const auto& pair : object.at("params"))
      line.params.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<std::string>());
    for (const auto& [name, value] : object.at("headers").items()) line.headers[name] = value.get<std::string>();
    line.body_bytes = object.at("body_bytes").get<std::uint64_t>();
    if (!object.at("mac_ok").is_null()) line.mac_ok = object.at("mac_ok").get<bool>();
    line.repeat = object.at("repeat").get<bool>();
    line.answer = object.at("answer").get<std::string>();
    line.problem = object.value("problem", std::string());
    return line;
  } catch (const Json::exception& error) {
    return tl::make_unexpected(std::string(error.what()));
  }
}

}  // namespace host
