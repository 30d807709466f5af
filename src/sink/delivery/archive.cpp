#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <map>

#include "base/hash.h"
#include "base/str.h"
#include "sink/delivery/compression.h"
#include "sink/delivery/destination.h"

namespace tailrace::sink::delivery {
namespace {

std::string Digest(std::string_view text) {
  const auto digest = Sha256(text);
  return std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

}  // namespace

std::string UuidOf(std::string_view text) {
  std::string bytes = Digest(text).substr(0, 16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);  // Version 4.
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);  // Variant of RFC 4122.
  std::string uuid = ToHex(bytes);
  for (const size_t place : {20, 16, 12, 8}) uuid.insert(place, "-");
  return uuid;
}

std::string Delivery::Uuid(std::string_view what) const { return UuidOf(StrCat(id, "/uuid/", what)); }

std::string Delivery::Letters(std::string_view what, size_t count) const {
  static constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const std::string digest = Digest(StrCat(id, "/letters/", what));
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text += kLetters[static_cast<uint8_t>(digest[i % digest.size()]) % kLetters.size()];
  return text;
}

// Items of one object.
struct Archive::Group {
  std::vector<const Item*> items;
  std::string_view error_type;  // Empty: data.
  std::string name;             // Tells the groups of a delivery apart.
  Timestamp oldest() const {
    return std::ranges::min(items, {}, [](const Item* item) { return item->arrival; })->arrival;
  }
};

Archive::Archive(ArchiveConfig config, PrefixExpression prefix, PrefixExpression error_prefix,
                 const DeliveryEnvironment& environment)
    : config_(std::move(config)),
      prefix_(std::move(prefix)),
      error_prefix_(std::move(error_prefix)),
      clock_(environment.clock),
      store_(MakeObjectStore(config_.store, {environment.disk, environment.net, environment.clock})) {}

Result<std::unique_ptr<Archive>> Archive::Make(const ArchiveConfig& config, const DeliveryEnvironment& environment) {
  TAILRACE_ASSIGN_OR_RETURN(PrefixExpression prefix, DataPrefix(config.prefix));
  TAILRACE_ASSIGN_OR_RETURN(PrefixExpression error_prefix, ErrorPrefix(config.prefix, config.error_prefix));
  TAILRACE_TRY(CheckTimeZone(config.time_zone));
  return std::unique_ptr<Archive>(new Archive(config, std::move(prefix), std::move(error_prefix), environment));
}

// prefix NAME-VERSION-yyyy-MM-dd-HH-mm-ss-UUID extension. Nothing in it changes when the span is delivered again.
Result<std::string> Archive::Key(const Delivery& delivery, const Group& group) const {
  size_t draws = 0;
  const auto random = [&] { return delivery.Letters(StrCat(group.error_type, group.name, "/", draws++), 11); };
  const PrefixExpression& prefix = group.error_type.empty() ? prefix_ : error_prefix_;
  const Timestamp time = group.oldest();
  TAILRACE_ASSIGN_OR_RETURN(const std::string evaluated, prefix.Evaluate({.time = time,
                                                                          .zone = config_.time_zone,
                                                                          .error_type = group.error_type,
                                                                          .partition = &group.items.front()->partition,
                                                                          .random = random}));
  std::string iso = ToIso8601(time).substr(0, 19);
  std::ranges::replace(iso, 'T', '-');
  std::ranges::replace(iso, ':', '-');
  const std::string_view extension =
      config_.file_extension.empty() ? CompressionExtension(config_.compression) : config_.file_extension;
  return StrCat(evaluated, delivery.stream_name, "-", delivery.version, "-", iso, "-",
                delivery.Uuid(StrCat(group.error_type, group.name)), group.error_type.empty() ? extension : "");
}

Status Archive::PutData(const Delivery& delivery, const std::vector<Item>& items, std::vector<Failure>& failures,
                        Taken& taken) {
  std::map<PartitionKeys, Group> groups;
  for (const Item& item : items) {
    const auto found = groups.find(item.partition);
    if (found == groups.end() && groups.size() == kPartitionsMax) {
      failures.push_back({item, "processing-failed", "DynamicPartitioning.ActivePartitionsLimitExceeded",
                          StrCat("more than ", kPartitionsMax, " partitions at once")});
      continue;
    }
    groups[item.partition].items.push_back(&item);
  }
  for (auto& [partition, group] : groups) {
    for (const auto& [key, value] : partition) group.name += StrCat("/", key, "=", value);
    const auto refuse = [&](const Error& error) {
      for (const Item* const item : group.items) {
        failures.push_back({*item, "processing-failed", "S3.InvalidObjectName", error.message});
      }
    };
    const auto key = Key(delivery, group);
    if (!key.ok()) {
      refuse(key.error());
      continue;
    }
    size_t size = 0;
    for (const Item* const item : group.items) size += item->data.size();
    std::string body;
    body.reserve(size);
    for (const Item* const item : group.items) body += item->data;
    if (config_.compression != ObjectCompression::kNone) {
      TAILRACE_ASSIGN_OR_RETURN(body, Compress(config_.compression, body, key->substr(key->rfind('/') + 1)));
    }
    const Status put = store_->Put(*key, body, "application/octet-stream");
    if (!put.ok() && put.error().code == ErrorCode::kInvalidArgument) {
      refuse(put.error());
      continue;
    }
    TAILRACE_TRY(put);
    taken.objects += 1;
    taken.records += group.items.size();
    taken.bytes += body.size();
  }
  return Ok();
}

std::string Archive::FailureDocument(const Failure& failure, uint32_t attempts) const {
  boost::json::object document;
  document["attemptsMade"] = attempts;
  document["arrivalTimestamp"] = ToUnixMs(failure.item.arrival);
  document["errorCode"] = RepairUtf8(failure.code);
  document["errorMessage"] = RepairUtf8(failure.message);
  document["attemptEndingTimestamp"] = ToUnixMs(clock_.Now());
  for (const auto& [name, value] : failure.details) document[name] = RepairUtf8(value);
  document["rawData"] = ToBase64(failure.item.data);
  return boost::json::serialize(document) + "\n";
}

Status Archive::PutFailures(const Delivery& delivery, const std::vector<Failure>& failures, Taken& taken) {
  std::map<std::string, Group> groups;
  std::map<std::string, std::string> bodies;
  for (const Failure& failure : failures) {
    groups[failure.error_type].items.push_back(&failure.item);
    bodies[failure.error_type] += FailureDocument(failure, std::max<uint32_t>(delivery.attempts, 1));
  }
  for (auto& [type, group] : groups) {
    group.error_type = type;
    TAILRACE_ASSIGN_OR_RETURN(const std::string key, Key(delivery, group));
    TAILRACE_TRY(store_->Put(key, bodies[type], "application/x-ndjson"));
    taken.objects += 1;
    taken.records += group.items.size();
    taken.bytes += bodies[type].size();
  }
  return Ok();
}

namespace {

class ArchiveDestination final : public Destination {
 public:
  explicit ArchiveDestination(std::unique_ptr<Archive> archive) : archive_(std::move(archive)) {}

  Limits limits() const override { return {kBufferBytesMax, 10'000'000}; }
  bool gives_up() const override { return false; }
  std::string_view error_type() const override { return "processing-failed"; }
  std::string last_code() const override { return "S3.Unavailable"; }

  Result<Milliseconds> Deliver(Delivery& delivery, Taken& taken) override {
    // Names follow from the span, so what an earlier try has written already is written over with the same bytes.
    std::vector<Failure> failures;
    TAILRACE_TRY(archive_->PutData(delivery, delivery.items, failures, taken));
    delivery.items.clear();
    std::ranges::move(failures, std::back_inserter(delivery.failures));
    return Milliseconds(0);
  }

 private:
  const std::unique_ptr<Archive> archive_;
};

}  // namespace

std::unique_ptr<Destination> MakeArchiveDestination(std::unique_ptr<Archive> archive) {
  return std::make_unique<ArchiveDestination>(std::move(archive));
}

Result<std::unique_ptr<Destination>> MakeDestination(const DestinationConfig& config,
                                                     const DeliveryEnvironment& environment) {
  if (const auto* const archive = std::get_if<ArchiveConfig>(&config)) {
    TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<Archive> made, Archive::Make(*archive, environment));
    return MakeArchiveDestination(std::move(made));
  }
  if (const auto* const search = std::get_if<OpenSearchConfig>(&config)) return MakeOpenSearch(*search, environment);
  if (const auto* const splunk = std::get_if<SplunkConfig>(&config)) return MakeSplunk(*splunk, environment);
  return MakeHttpEndpoint(std::get<HttpEndpointConfig>(config), environment);
}

}  // namespace tailrace::sink::delivery
