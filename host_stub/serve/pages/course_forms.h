// Between the pages of courses and the forms on them: a form of which nothing came is shown again, with why.
#pragma once

#include "serve/api.h"
#include "serve/pages/course_models.h"
#include "serve/router.h"

namespace host {

/// `sent` empty: as they are looked at. The course or item is the first piece of the path. Throw NotFound.
Page courses_page(const Serving& serving, const Call& call, const SentForm& sent);
Page course_page(const Serving& serving, const Call& call, const SentForm& sent);
Page item_page(const Serving& serving, const Call& call, const SentForm& sent);

/// What the forms do. `serving` must outlive the router.
void add_course_forms(Router& router, Serving& serving);

}  // namespace host
