#include "api/aws/event_stream.h"

#include <gtest/gtest.h>

#include "base/hash.h"

namespace tailrace::api::aws {
namespace {

// A frame that botocore's parser took.
TEST(EventStreamTest, WritesTheInitialResponse) {
  const std::string frame = EventStreamFrame({{":event-type", "initial-response"},
                                              {":content-type", "application/x-amz-json-1.1"},
                                              {":message-type", "event"}},
                                             "{}");
  EXPECT_EQ(ToHex(frame),
            "0000007200000060ab820d9e0b3a6576656e742d74797065070010696e697469616c2d726573706f6e73650d3a636f6e74656e742d"
            "7479706507001a6170706c69636174696f6e2f782d616d7a2d6a736f6e2d312e310d3a6d6573736167652d74797065070005657665"
            "6e747b7dacae6b7d");
}

}  // namespace
}  // namespace tailrace::api::aws
