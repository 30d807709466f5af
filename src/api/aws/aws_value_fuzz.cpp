#include <cstdint>

#include "api/aws/shape.h"
#include "api/aws/value.h"
#include "api/aws/writer.h"
#include "api/kinesis/iterator.h"
#include "api/kinesis/sequence_number.h"
#include "api/kinesis/shapes.h"
#include "base/check.h"

namespace {

using namespace tailrace::api;

void Copy(const aws::Value& value, aws::Writer& out) {
  switch (value.kind()) {
    case aws::Kind::kBoolean:
      return out.Boolean(value.boolean());
    case aws::Kind::kInteger:
    case aws::Kind::kTimestamp:
      return out.Integer(value.integer());
    case aws::Kind::kText:
      return out.Text(value.text());
    case aws::Kind::kNull:
    case aws::Kind::kReal:
    case aws::Kind::kBytes:
      return out.Blob("x");
    case aws::Kind::kList:
      out.BeginList();
      for (const aws::Value element : value) Copy(element, out);
      return out.EndList();
    case aws::Kind::kMap:
      out.BeginMap();
      for (auto at = value.begin(); at != value.end(); ++at) {
        out.Key("k");
        ++at;
        Copy(*at, out);
      }
      return out.EndMap();
  }
}

}  // namespace

// Bodies as JSON and CBOR: parsing, the checks of several shapes, and writing what was read in both encodings.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  kinesis::ParseShardName(body);
  if (const auto number = kinesis::SequenceNumber::Parse(body)) {
    TAILRACE_CHECK(kinesis::SequenceNumber::Parse(number->ToText()) == number);
  }
  const auto encoding = (data[0] & 1) != 0 ? aws::Encoding::kCbor : aws::Encoding::kJson;
  auto document = aws::Document::Parse(encoding, body);
  if (!document.has_value()) return 0;
  for (const auto written : {aws::Encoding::kJson, aws::Encoding::kCbor}) {
    aws::Writer writer(written);
    Copy(document->root(), writer);
    TAILRACE_CHECK(aws::Document::Parse(written, std::move(writer).Take()).has_value());
  }
  if (document->root().kind() != aws::Kind::kMap) return 0;
  const aws::Shape shapes[] = {kinesis::shapes::kPutRecords, kinesis::shapes::kSubscribeToShard,
                               kinesis::shapes::kCreateStream, kinesis::shapes::kAddTagsToStream};
  const aws::Shape shape = shapes[data[0] >> 1 & 3];
  if (!aws::CheckTypes(*document, shape).has_value()) return 0;
  if (!aws::CheckConstraints(*document, shape).has_value()) return 0;
  if (shape.data() != kinesis::shapes::kPutRecords.data()) return 0;
  // What the operation relies on.
  for (const aws::Value record : document->root().Find("Records")) {
    TAILRACE_CHECK(record.Find("PartitionKey").present());
  }
  return 0;
}
