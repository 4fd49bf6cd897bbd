// Whether the events of each endpoint come one after the other, none missing and none twice. Knows nothing of sockets.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

namespace bench {

class EventOrder {
 public:
  /// The endpoint stands in the path of the request (/eNUMBER/...), the event's number in the body
  /// (content_id=_NUMBER_1). False where it has none, or is not the one after the endpoint's last.
  bool take(std::string_view request, std::string_view body);

 private:
  std::map<std::uint64_t, std::uint64_t> last_;
};

}  // namespace bench
