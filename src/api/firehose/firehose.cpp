#include "api/firehose/firehose.h"

#include <algorithm>

#include "api/firehose/operations.h"

namespace tailrace::api::firehose {
namespace {

using aws::Member;
using aws::Type;

constexpr aws::Pattern kName{"[a-zA-Z0-9_.-]+", [](std::string_view text) {
                               return !text.empty() && std::ranges::all_of(text, [](char c) {
                                 return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                        c == '_' || c == '.' || c == '-';
                               });
                             }};
constexpr std::string_view kTypes[] = {"DirectPut", "KinesisStreamAsSource", "MSKAsSource", "DatabaseAsSource"};

constexpr Member kStream{.name = "DeliveryStreamName", .required = true, .least = 1, .most = 64, .pattern = &kName};
constexpr Member kType{.name = "DeliveryStreamType", .values = kTypes};
constexpr Member kData{.name = "Data", .type = Type::kBlob, .required = true, .least = 0, .most = 1'024'000};
constexpr Member kRecordMembers[] = {kData};
constexpr Member kRecord{.name = "Record", .type = Type::kStructure, .required = true, .members = kRecordMembers};
constexpr Member kEntry{.type = Type::kStructure, .members = kRecordMembers};
constexpr Member kTagMembers[] = {{.name = "Key", .required = true, .least = 1, .most = 128},
                                  {.name = "Value", .least = 0, .most = 256}};
constexpr Member kTag{.type = Type::kStructure, .members = kTagMembers};
constexpr Member kTagKey{.least = 1, .most = 128};

// What is in the destinations is checked by what reads them.
constexpr Member kCreate[] = {
    kStream, kType, {.name = "Tags", .type = Type::kList, .least = 1, .most = 50, .element = &kTag}};
constexpr Member kDescribe[] = {kStream, {.name = "Limit", .type = Type::kInteger, .least = 1, .most = 10'000}};
constexpr Member kList[] = {{.name = "Limit", .type = Type::kInteger, .least = 1, .most = 10'000},
                            kType,
                            {.name = "ExclusiveStartDeliveryStreamName", .least = 1, .most = 64, .pattern = &kName}};
constexpr Member kUpdate[] = {kStream,
                              {.name = "CurrentDeliveryStreamVersionId", .required = true, .least = 1, .most = 50},
                              {.name = "DestinationId", .required = true, .least = 1, .most = 100}};
constexpr Member kDelete[] = {kStream, {.name = "AllowForceDelete", .type = Type::kBoolean}};
constexpr Member kTagStream[] = {
    kStream, {.name = "Tags", .type = Type::kList, .required = true, .least = 1, .most = 50, .element = &kTag}};
constexpr Member kUntagStream[] = {
    kStream, {.name = "TagKeys", .type = Type::kList, .required = true, .least = 1, .most = 50, .element = &kTagKey}};
constexpr Member kListTags[] = {kStream,
                                {.name = "ExclusiveStartTagKey", .least = 1, .most = 128},
                                {.name = "Limit", .type = Type::kInteger, .least = 1, .most = 50}};
constexpr Member kNamed[] = {kStream};
constexpr Member kPut[] = {kStream, kRecord};
constexpr Member kPutBatch[] = {
    kStream, {.name = "Records", .type = Type::kList, .required = true, .least = 1, .most = 500, .element = &kEntry}};

using Simple = aws::Answer<void> (*)(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out);
using Later = void (*)(DeliveryStreams& streams, const aws::CallPtr& call);

aws::Operation At(DeliveryStreams& streams, std::string_view name, aws::Shape input, Simple operation) {
  return {
      .name = name, .input = input, .run = aws::AtOnce([&streams, operation](const aws::Call& call, aws::Writer& out) {
                                      return operation(streams, call, out);
                                    })};
}

aws::Operation On(DeliveryStreams& streams, std::string_view name, aws::Shape input, Later operation) {
  return {.name = name, .input = input, .run = [&streams, operation](const aws::CallPtr& call) {
            operation(streams, call);
          }};
}

}  // namespace

aws::Service MakeService(DeliveryStreams& streams) {
  DeliveryStreams& s = streams;
  return {
      .target_prefix = "Firehose_20150804",
      .signing_name = "firehose",
      .operations =
          {
              At(s, "CreateDeliveryStream", kCreate, CreateDeliveryStream),
              At(s, "DeleteDeliveryStream", kDelete, DeleteDeliveryStream),
              At(s, "DescribeDeliveryStream", kDescribe, DescribeDeliveryStream),
              At(s, "ListDeliveryStreams", kList, ListDeliveryStreams),
              At(s, "ListTagsForDeliveryStream", kListTags, ListTagsForDeliveryStream),
              On(s, "PutRecord", kPut, PutRecord),
              On(s, "PutRecordBatch", kPutBatch, PutRecordBatch),
              At(s, "StartDeliveryStreamEncryption", kNamed, StartDeliveryStreamEncryption),
              At(s, "StopDeliveryStreamEncryption", kNamed, StopDeliveryStreamEncryption),
              At(s, "TagDeliveryStream", kTagStream, TagDeliveryStream),
              At(s, "UntagDeliveryStream", kUntagStream, UntagDeliveryStream),
              At(s, "UpdateDestination", kUpdate, UpdateDestination),
          },
  };
}

}  // namespace tailrace::api::firehose
