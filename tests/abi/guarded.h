/* Memory that ends where a struct ends: a byte read or written behind it kills the case. Knows nothing of the plugin.
 */
#ifndef PTB_TESTS_ABI_GUARDED_H
#define PTB_TESTS_ABI_GUARDED_H

#include <stddef.h>

/* A copy of the first `size` bytes of `source`, ending at a page that may not be touched. Never freed. `size` is at
 * most 64 KiB and a multiple of the alignment needed. */
void* guarded_copy(const void* source, size_t size);

#endif
