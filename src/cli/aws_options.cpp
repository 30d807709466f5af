#include "cli/aws_options.h"

#include <algorithm>

#include "base/str.h"

namespace tailrace::cli {
namespace {

constexpr int64_t kSkewMinutesMax = 7 * 24 * 60;
constexpr int64_t kTransitionMsMax = 60'000;

}  // namespace

Status ReadAwsOptions(const Arguments& arguments, const Context& context, const std::string& address,
                      api::ApiOptions& api) {
  const auto transition = ParseInt64(arguments.Text("--aws-transition"));
  if (!transition.has_value() || *transition < 0 || *transition > kTransitionMsMax) {
    return Error{ErrorCode::kInvalidArgument, StrCat("--aws-transition: '", arguments.Text("--aws-transition"),
                                                     "' is not a number of milliseconds from 0 to ", kTransitionMsMax)};
  }
  api.kinesis = {.transition = Milliseconds(*transition), .throttle = arguments.Has("--aws-throttle")};
  api::aws::GatewayOptions& options = api.aws;
  options.loopback = address.starts_with("127.") || address == "::1";
  options.account = arguments.Text("--aws-account");
  if (options.account.size() != 12 ||
      !std::ranges::all_of(options.account, [](char c) { return c >= '0' && c <= '9'; })) {
    return Error{ErrorCode::kInvalidArgument, StrCat("--aws-account: '", options.account, "' is not twelve digits")};
  }
  options.region = arguments.Text("--aws-region");
  const auto minutes = ParseInt64(arguments.Text("--aws-clock-skew"));
  if (!minutes.has_value() || *minutes < 1 || *minutes > kSkewMinutesMax) {
    return Error{ErrorCode::kInvalidArgument, StrCat("--aws-clock-skew: '", arguments.Text("--aws-clock-skew"),
                                                     "' is not a number of minutes from 1 to ", kSkewMinutesMax)};
  }
  options.authentication.clock_skew = std::chrono::minutes(*minutes);
  const std::string file = arguments.Text("--aws-keys");
  if (file.empty()) return Ok();
  TAILRACE_ASSIGN_OR_RETURN(const std::string text, ReadFile(context.disk, file));
  auto keys = api::aws::ParseAccessKeys(text);
  if (!keys.ok()) return std::move(keys).error().Context(StrCat("--aws-keys ", file));
  options.authentication.keys = std::move(keys).value();
  return Ok();
}

}  // namespace tailrace::cli
