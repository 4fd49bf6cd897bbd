#include "disk/recorder.h"

namespace ptb::test {

std::string Recorder::name_of(std::string_view path) const {
  return std::string(path.size() > directory_.size() ? path.substr(directory_.size() + 1) : "");
}

int Recorder::before(const DiskOrder& order) {
  const std::size_t number = order.changes() ? orders_++ : reads_++;
  if (plan)
    if (const int error = plan(order, number); error != 0) {
      if (order.kind == DiskOrder::Kind::sync) steps_.push_back({order.kind, name_of(order.path), 0, {}, {}, true});
      return error;
    }
  if (order.changes())
    steps_.push_back(
        {order.kind, name_of(order.path), order.at, std::string(order.bytes), name_of(order.target), false});
  return 0;
}

}  // namespace ptb::test
