// Watches a directory and writes down every order that changes something, so that its disk can be played again up to
// any moment. With a plan it makes some orders fail, or ends the process at one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "disk/platter.h"
#include "support/watched_disk.h"

namespace ptb::test {

class Recorder final : public DiskWatcher {
 public:
  explicit Recorder(std::string directory) : directory_(std::move(directory)), watched_(*this, directory_) {}

  int before(const DiskOrder& order) override;

  /// Asked before each order, with its number from 0 (reads have numbers of their own): an errno, or 0.
  std::function<int(const DiskOrder& order, std::size_t number)> plan;

  [[nodiscard]] std::size_t moment() const { return steps_.size(); }
  [[nodiscard]] const std::vector<DiskStep>& steps() const { return steps_; }

 private:
  [[nodiscard]] std::string name_of(std::string_view path) const;

  std::string directory_;
  std::vector<DiskStep> steps_;
  std::size_t orders_ = 0;
  std::size_t reads_ = 0;
  WatchedDisk watched_;  // last: it asks all others
};

}  // namespace ptb::test
