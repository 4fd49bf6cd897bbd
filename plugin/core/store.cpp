#include "core/store.h"

namespace ptb {

namespace {

tl::unexpected<Error> not_for_this_kind() {
  return fail(Status::argument, "a store of this kind can neither be looked through, nor copied or moved as a whole");
}

}  // namespace

Result<StoreCheck> Store::check() { return not_for_this_kind(); }
Result<void> Store::back_up(const std::string&, const AuditEntry&) { return not_for_this_kind(); }
Result<PutBack> Store::put_back(const std::string&, const EventId&, const AuditEntry&) { return not_for_this_kind(); }
Result<void> Store::begin_new_life(const EventId&, const AuditEntry&) { return not_for_this_kind(); }
Result<Moved> Store::move_to(Store&, const AuditEntry&) { return not_for_this_kind(); }

}  // namespace ptb
