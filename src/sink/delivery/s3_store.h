#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/net.h"
#include "base/result.h"
#include "sink/delivery/definition.h"
#include "sink/delivery/object_store.h"

namespace tailrace::sink::delivery {

// A client of one bucket, over any S3 API. Requests are signed with Signature Version 4.
//
// Errors   By the service's code: kNotFound (NoSuchBucket, NoSuchKey), kPermissionDenied, kUnavailable (5xx, 429),
//          kInvalidArgument (KeyTooLongError), kFailedPrecondition (what else it refuses); the message has the code and
//          its text, and no key.
// Threads  One owner.
// Source   Amazon S3 API Reference, version 2006-03-01.
class S3Client final : public ObjectStore {
 public:
  // `net` and `clock` are borrowed and outlive the client.
  S3Client(S3StoreConfig config, Net& net, const Clock& clock);

  // One request, or a multipart upload when the object is larger than a part; the object is visible when all of it is
  // there.
  Status Put(const std::string& key, std::string_view bytes, std::string_view content_type) override;

  // An object that is not there is no error.
  Status Delete(const std::string& key);

  struct Object {
    std::string etag;
    std::string bytes;
  };
  // Nothing when the object still has `known_etag`. Errors: kLimitExceeded: larger than `bytes_max`.
  Result<std::optional<Object>> Get(const std::string& key, const std::string& known_etag, uint64_t bytes_max);

 private:
  Result<HttpResponse> Call(HttpRequest request);
  HttpRequest Request(std::string method, const std::string& key, std::string_view query) const;
  Status PutParts(const std::string& key, std::string_view bytes, std::string_view content_type);

  const S3StoreConfig config_;
  Net& net_;
  const Clock& clock_;
};

// The text of the first element of this name in an S3 answer, entities resolved.
std::optional<std::string> XmlElement(std::string_view xml, std::string_view name);

}  // namespace tailrace::sink::delivery
