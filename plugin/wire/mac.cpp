#include "wire/mac.h"

#include <openssl/evp.h>

#include <algorithm>
#include <iterator>

#include "wire/openssl.h"

namespace ptb {

struct Mac::Digests {
  EVP_MD* md5 = nullptr;
  EVP_MD* sha1 = nullptr;
};

namespace {

bool is_signed(std::string_view name) {
  // Looked at by its first byte: most names end there.
  switch (name.empty() ? '\0' : name.front()) {
    case 'm': return name != "mac";
    case 't': return !name.starts_with("top_");
    case 'b': return !name.starts_with("bottom_");
    default: return true;
  }
}

/// What is digested before the secret, in one piece: a digest takes a long piece faster than many short ones.
std::string signed_text(std::span<const Parameter> sorted) {
  std::size_t size = 0;
  for (const auto& [name, value] : sorted) size += value.size();
  std::string text;
  text.reserve(size);
  for (const auto& [name, value] : sorted)
    if (is_signed(name)) text.append(value);
  return text;
}

bool digest(EVP_MD_CTX* context, const EVP_MD* algorithm, std::span<const Parameter> sorted, std::string_view secret,
            unsigned char* out, unsigned& size) {
  const std::string text = signed_text(sorted);
  // The digest reads the caller's secret where it lies, so there is no copy to wipe; ending it wipes OpenSSL's block.
  return EVP_DigestInit_ex2(context, algorithm, nullptr) == 1 &&
         EVP_DigestUpdate(context, text.data(), text.size()) == 1 &&
         EVP_DigestUpdate(context, secret.data(), secret.size()) == 1 && EVP_DigestFinal_ex(context, out, &size) == 1;
}

}  // namespace

void sort_by_name(Parameters& parameters) {
  const auto by_name = [](const Parameter& a, const Parameter& b) { return a.name < b.name; };
  const auto same = [](const Parameter& a, const Parameter& b) { return a.name == b.name; };
  // The settings, most of a request, stand behind the others and are sorted already.
  const auto settings =
      std::is_sorted_until(parameters.rbegin(), parameters.rend(), [](const Parameter& a, const Parameter& b) {
        return b.name < a.name;
      }).base();
  std::stable_sort(parameters.begin(), settings, by_name);
  Parameters sorted(parameters.get_allocator());
  sorted.reserve(parameters.size());
  std::merge(parameters.begin(), settings, settings, parameters.end(), std::back_inserter(sorted), by_name);
  sorted.erase(std::unique(sorted.begin(), sorted.end(), same), sorted.end());
  parameters = std::move(sorted);
}

Mac::Mac() : digests_(std::make_unique<Digests>()) {
  start_openssl();
  digests_->md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  digests_->sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
}

Mac::~Mac() {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(spare_.load()));
  EVP_MD_free(digests_->md5);
  EVP_MD_free(digests_->sha1);
}

Result<std::string> Mac::of(DigestAlgorithm algorithm, std::span<const Parameter> sorted,
                            std::string_view secret) const {
  const bool md5 = algorithm == DigestAlgorithm::md5;
  const EVP_MD* const kind = md5 ? digests_->md5 : digests_->sha1;
  auto* context = static_cast<EVP_MD_CTX*>(spare_.exchange(nullptr));
  if (context == nullptr) context = EVP_MD_CTX_new();
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  const bool made = context != nullptr && kind != nullptr && digest(context, kind, sorted, secret, bytes, size);
  void* empty = nullptr;
  if (!spare_.compare_exchange_strong(empty, context)) EVP_MD_CTX_free(context);
  if (!made)
    return fail(Status::internal, std::string("the MAC cannot be computed: OpenSSL does not offer ") +
                                      (md5 ? "MD5" : "SHA-1") + " here; check its configuration (FIPS mode?)");
  char text[4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1];
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text), bytes, static_cast<int>(size));
  return std::string(text, static_cast<std::size_t>(length));
}

}  // namespace ptb
