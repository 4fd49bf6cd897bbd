#include "receive/reply.h"

#include <unistd.h>

namespace host {

namespace {

constexpr int kDeathStatus = 42;
constexpr std::string_view kPlain = "text/plain; charset=utf-8";
constexpr std::string_view kSuccess = "<result>SUCCESS<result>";
constexpr std::string_view kError = "<result>ERROR<result>";
constexpr std::string_view kGarbage = "\x01\x02 <resu lt>]]> SUCCESS? {\"result\": 7\xff\xfe";

Page plain(std::uint32_t status, std::string_view body) { return {status, std::string(kPlain), std::string(body)}; }

Answer act_out(const Step& step) {
  Answer answer(plain(200, kSuccess));
  switch (step.act) {
    case Act::ok: break;
    case Act::error: return plain(200, kError);
    case Act::garbage: return plain(200, kGarbage);
    case Act::status: return plain(step.number, "");
    case Act::drop: return Answer(Answer::Act::close);
    case Act::reset: return Answer(Answer::Act::reset);
    case Act::slow: answer.delay = std::chrono::milliseconds(step.number); break;
    case Act::huge:
      answer.act = Answer::Act::endless;
      answer.page.body = "<result>";
      break;
    case Act::die_before: ::_exit(kDeathStatus);
    case Act::die_after: answer.exit_status = kDeathStatus; break;
  }
  return answer;
}

}  // namespace

Answer to_answer(Reply reply) {
  if (reply.end.empty()) return reply.page ? Answer(std::move(*reply.page)) : act_out(reply.step);
  Answer answer;
  answer.end = std::move(reply.end);
  return answer;
}

}  // namespace host
