#include "disk/platter.h"

#include <algorithm>

namespace ptb::test {

namespace {

using Kind = DiskOrder::Kind;

std::size_t below(std::mt19937& chance, std::size_t end) { return end == 0 ? 0 : chance() % end; }

}  // namespace

Platter::Platter(const Files& files) : files_(1) {
  for (const auto& [name, bytes] : files) {
    durable_names_[name] = names_[name] = files_.size();
    files_.push_back({bytes, {}, {}});
  }
}

std::size_t Platter::file_of(const std::string& name) {
  if (const auto at = names_.find(name); at != names_.end()) return at->second;
  files_.emplace_back();
  enter(name, files_.size() - 1);
  return files_.size() - 1;
}

void Platter::enter(const std::string& name, std::size_t file) {
  if (file == 0)
    names_.erase(name);
  else
    names_[name] = file;
  unsynced_names_.push_back({name, file});
}

void Platter::take(const DiskStep& step) {
  switch (step.kind) {
    case Kind::create: file_of(step.name); break;
    case Kind::write: files_[file_of(step.name)].unsynced.push_back({step.at, step.bytes, false}); break;
    case Kind::truncate: files_[file_of(step.name)].unsynced.push_back({step.at, {}, true}); break;
    case Kind::sync: {
      File& file = files_[file_of(step.name)];
      if (step.failed) {
        file.given_up.insert(file.given_up.end(), file.unsynced.begin(), file.unsynced.end());
      } else {
        for (const Change& change : file.unsynced) apply(change, file.durable);
        file.given_up.clear();
      }
      file.unsynced.clear();
      break;
    }
    case Kind::sync_directory:
      durable_names_ = names_;
      unsynced_names_.clear();
      break;
    case Kind::rename: {
      const std::size_t file = file_of(step.name);
      enter(step.target, file);
      enter(step.name, 0);
      break;
    }
    case Kind::remove: enter(step.name, 0); break;
    case Kind::reserve:
    case Kind::read: break;
  }
}

void Platter::apply(const Change& change, std::string& bytes) {
  if (change.truncates)
    bytes.resize(static_cast<std::size_t>(change.at));
  else
    apply_sectors(change, 0, change.bytes.size(), bytes);
}

/// The bytes first…end of one write.
void Platter::apply_sectors(const Change& change, std::size_t first, std::size_t end, std::string& bytes) {
  end = std::min(end, change.bytes.size());
  if (first >= end) return;
  const auto at = static_cast<std::size_t>(change.at);
  bytes.resize(std::max(bytes.size(), at + end));
  bytes.replace(at + first, end - first, change.bytes, first, end - first);
}

std::string Platter::survivor(const File& file, Survival survival, std::mt19937& chance) {
  std::string bytes = file.durable;
  auto unsynced = file.given_up;
  unsynced.insert(unsynced.end(), file.unsynced.begin(), file.unsynced.end());
  if (survival == Survival::nothing || unsynced.empty()) return bytes;
  // All; those up to one that is torn; any of them, any sectors of them.
  const std::size_t how = survival == Survival::everything ? 0 : below(chance, 4);
  const std::size_t torn = how == 1 ? below(chance, unsynced.size()) : unsynced.size();
  for (std::size_t i = 0; i < unsynced.size() && i <= torn; ++i) {
    const Change& change = unsynced[i];
    const bool whole = how == 0 || (how == 1 && i < torn) || change.truncates;
    if (how >= 2 && (chance() & 1U) == 0) continue;
    if (whole) {
      apply(change, bytes);
    } else if (how == 3) {
      for (std::size_t at = 0; at < change.bytes.size(); at += kSector)
        if ((chance() & 1U) == 0) apply_sectors(change, at, at + kSector, bytes);
    } else {
      apply_sectors(change, 0, kSector * below(chance, change.bytes.size() / kSector + 2), bytes);
    }
  }
  return bytes;
}

Files Platter::after_power_loss(const DiskStep& torn, Survival survival, std::mt19937& chance) const {
  Platter last = *this;
  // What only tells the disk to make something durable has not done so yet.
  if (torn.kind != Kind::sync && torn.kind != Kind::sync_directory && survival != Survival::nothing) last.take(torn);
  std::size_t entries = last.unsynced_names_.size();
  if (survival == Survival::nothing) entries = 0;
  if (survival == Survival::some) entries = below(chance, entries + 1);
  auto names = last.durable_names_;
  for (std::size_t i = 0; i < entries; ++i) {
    const Entry& entry = last.unsynced_names_[i];
    if (entry.file == 0)
      names.erase(entry.name);
    else
      names[entry.name] = entry.file;
  }
  Files found;
  for (const auto& [name, file] : names) found[name] = survivor(last.files_[file], survival, chance);
  return found;
}

}  // namespace ptb::test
