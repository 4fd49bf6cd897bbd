#include "reregister_call.h"

#include <map>
#include <mutex>
#include <utility>

#include "registration_password.h"

namespace host {

namespace {

struct Calls {
  std::mutex mutex;
  std::map<const ReregisterCall*, std::pair<Locator, std::string>> under_way;
};

Calls& calls() {
  static Calls calls;
  return calls;
}

}  // namespace

ReregisterCall::ReregisterCall(const Locator& tool, std::string password) {
  const std::lock_guard lock(calls().mutex);
  calls().under_way.emplace(this, std::pair(tool, std::move(password)));
}

ReregisterCall::~ReregisterCall() {
  const std::lock_guard lock(calls().mutex);
  calls().under_way.erase(this);
}

bool is_reregistering(const Locator& tool, std::string_view password) {
  const std::lock_guard lock(calls().mutex);
  for (const auto& [key, call] : calls().under_way)
    if (call.first == tool && !call.second.empty() && is_same_secret(call.second, password)) return true;
  return false;
}

}  // namespace host
