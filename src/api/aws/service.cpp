#include "api/aws/service.h"

namespace tailrace::api::aws {

std::function<void(const CallPtr&)> AtOnce(Operate operate) {
  return [operate = std::move(operate)](const CallPtr& call) {
    Writer writer(call->encoding());
    const Answer<void> answer = operate(*call, writer);
    if (answer.has_value()) {
      call->Respond(std::move(writer));
    } else {
      call->Fail(answer.error());
    }
  };
}

}  // namespace tailrace::api::aws
