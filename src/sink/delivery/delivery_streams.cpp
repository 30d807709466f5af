#include "sink/delivery/delivery_streams.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/str.h"

namespace tailrace::sink::delivery {
namespace {

namespace json = boost::json;

constexpr size_t kStreamsMax = 5'000;
constexpr int64_t kFileVersion = 1;
constexpr std::string_view kRegion = "us-east-1";
constexpr std::string_view kAccount = "000000000000";

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

int64_t NumberOf(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

}  // namespace

std::string DeliveryStreamArn(std::string_view name, std::string_view region, std::string_view account) {
  return StrCat("arn:aws:firehose:", region, ":", account, ":deliverystream/", name);
}

DeliveryStreams::DeliveryStreams(Options options, const DeliveryEnvironment& environment, stream::StreamStore& named,
                                 Rng rng)
    : options_(std::move(options)), environment_(environment), named_(named), rng_(rng) {}

DeliveryStreams::~DeliveryStreams() { Stop(); }

Result<std::unique_ptr<DeliveryStreams>> DeliveryStreams::Open(Options options, const DeliveryEnvironment& environment,
                                                               stream::StreamStore& named, Rng rng) {
  TAILRACE_TRY(MakeDirectoriesDurably(environment.disk, options.folder));
  std::unique_ptr<DeliveryStreams> streams(new DeliveryStreams(std::move(options), environment, named, rng));
  TAILRACE_ASSIGN_OR_RETURN(
      streams->own_,
      stream::StreamStore::Open({environment.disk, environment.clock, environment.log, environment.metrics},
                                streams->options_.folder + "/streams", streams->rng_.Fork()));
  TAILRACE_TRY(streams->Restore());
  return streams;
}

// Brings back the streams that were made over the API. One that cannot be opened stays, with its failure, beside the
// others.
Status DeliveryStreams::Restore() {
  const std::string path = options_.folder + "/definitions.json";
  const auto bytes = ReadFile(environment_.disk, path);
  if (!bytes.ok()) return bytes.error().code == ErrorCode::kNotFound ? Ok() : Status(bytes.error());
  boost::system::error_code code;
  const json::value parsed = json::parse(*bytes, code);
  const json::object* const file = !code && parsed.is_object() ? &parsed.get_object() : nullptr;
  const json::value* const list = file == nullptr ? nullptr : file->if_contains("delivery_streams");
  if (list == nullptr || !list->is_array()) return Error{ErrorCode::kCorruption, StrCat(path, " is damaged")};
  if (NumberOf(*file, "version") != kFileVersion) {
    return Error{ErrorCode::kUnsupported,
                 StrCat(path, ": version ", NumberOf(*file, "version"), ", this program reads ", kFileVersion)};
  }
  for (const json::value& value : list->get_array()) {
    if (!value.is_object()) return Error{ErrorCode::kCorruption, StrCat(path, " is damaged")};
    const json::object& saved = value.get_object();
    Entry entry;
    entry.known.document = TextOf(saved, "document");
    entry.known.version = static_cast<uint64_t>(NumberOf(saved, "version"));
    entry.known.created = FromUnixMs(NumberOf(saved, "created"));
    entry.known.updated = FromUnixMs(NumberOf(saved, "updated"));
    const json::value* const encrypted = saved.if_contains("encrypted");
    entry.known.encrypted = encrypted != nullptr && encrypted->is_bool() && encrypted->get_bool();
    const json::value* const tags = saved.if_contains("tags");
    if (tags != nullptr && tags->is_object()) {
      for (const auto& [name, tag] : tags->get_object()) {
        if (tag.is_string()) entry.known.tags[std::string(name)] = std::string(tag.get_string());
      }
    }
    auto document = ParseFirehoseDocument(entry.known.document, options_.buckets);
    if (!document.ok()) return std::move(document).error().Context(StrCat(path, ": ", TextOf(saved, "name")));
    entry.known.definition = std::move(document->definition);
    Entry failed;
    failed.known = entry.known;
    const Status added = Add(std::move(entry));
    if (added.ok()) continue;
    failed.failure = added.error().message;
    environment_.log.Error("delivery stream not opened",
                           {{"delivery_stream", failed.known.definition.name}, {"error", failed.failure}});
    const std::string name = failed.known.definition.name;
    entries_[name] = std::move(failed);
  }
  return Ok();
}

DeliverySettings DeliveryStreams::Settings(const DeliveryDescription& known) const {
  return {.definition = known.definition,
          .version = known.version,
          .arn = DeliveryStreamArn(known.definition.name, kRegion, kAccount),
          .errors_folder = options_.folder + "/errors"};
}

// With the lock held, or before anybody else knows of this object.
Status DeliveryStreams::Add(Entry entry) {
  const DeliveryDefinition& definition = entry.known.definition;
  TAILRACE_TRY(CheckDefinition(definition));
  std::shared_ptr<stream::Stream> stream;
  if (definition.source_stream.empty()) {
    auto found = own_->Find(definition.name);
    if (!found.ok() && found.error().code == ErrorCode::kNotFound) {
      found = own_->Create(definition.name, {.retention = definition.retention});
    }
    if (!found.ok()) return found.error();
    stream = *found;
    if (stream->Describe().options.retention != definition.retention) {
      TAILRACE_TRY(stream->SetRetention(definition.retention, 0));
    }
  } else {
    TAILRACE_ASSIGN_OR_RETURN(stream, named_.Find(definition.source_stream));
  }
  TAILRACE_ASSIGN_OR_RETURN(
      entry.delivery,
      DeliveryStream::Open(Settings(entry.known), std::move(stream),
                           StrCat(options_.folder, "/", definition.name, ".progress"), environment_, rng_.Fork()));
  if (started_) entry.delivery->Start();
  const std::string name = definition.name;
  entries_[name] = std::move(entry);
  return Ok();
}

Status DeliveryStreams::Declare(const std::string& application, const DeliveryDefinition& definition) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(definition.name);
  if (found == entries_.end()) {
    Entry entry;
    entry.application = application;
    entry.known.definition = definition;
    entry.known.declared = true;
    entry.known.created = environment_.clock.Now();
    entry.known.updated = entry.known.created;
    return Add(std::move(entry));
  }
  Entry& entry = found->second;
  if (entry.known.declared && entry.known.definition == definition) return Ok();
  if (entry.application != application) {
    return Error{ErrorCode::kAlreadyExists,
                 StrCat("delivery stream ", definition.name,
                        entry.known.declared ? StrCat(" is that of the application ", entry.application)
                                             : std::string(" was made over the API"))};
  }
  TAILRACE_TRY(CheckDefinition(definition));
  if (entry.known.definition.source_stream != definition.source_stream) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("the source of delivery stream ", definition.name, " cannot change while it runs")};
  }
  if (entry.known.definition.retention != definition.retention && definition.source_stream.empty()) {
    TAILRACE_TRY(entry.delivery->stream()->SetRetention(definition.retention, 0));
  }
  entry.known.definition = definition;
  entry.known.version += 1;
  entry.known.updated = environment_.clock.Now();
  entry.delivery->Change(Settings(entry.known));
  return Ok();
}

Status DeliveryStreams::Create(const DeliveryDefinition& definition, std::string document,
                               std::map<std::string, std::string> tags) {
  const std::lock_guard lock(mutex_);
  if (entries_.contains(definition.name)) {
    return Error{ErrorCode::kAlreadyExists, StrCat("delivery stream ", definition.name, " already exists")};
  }
  if (entries_.size() >= kStreamsMax) {
    return Error{ErrorCode::kLimitExceeded,
                 StrCat("there are ", entries_.size(), " delivery streams, at most ", kStreamsMax)};
  }
  Entry entry;
  entry.known.definition = definition;
  entry.known.document = std::move(document);
  entry.known.tags = std::move(tags);
  entry.known.created = environment_.clock.Now();
  entry.known.updated = entry.known.created;
  TAILRACE_TRY(Add(std::move(entry)));
  const Status saved = Save();
  if (!saved.ok()) entries_.erase(definition.name);
  return saved;
}

Status DeliveryStreams::Change(const std::string& name, const std::function<void(DeliveryDescription&)>& change) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return Error{ErrorCode::kNotFound, StrCat("delivery stream ", name, " does not exist")};
  if (found->second.known.declared) {
    return Error{ErrorCode::kFailedPrecondition,
                 StrCat("delivery stream ", name, " is defined in an application's file; change it there")};
  }
  const DeliveryDescription before = found->second.known;
  change(found->second.known);
  const Status saved = Save();
  if (!saved.ok()) found->second.known = before;
  return saved;
}

Status DeliveryStreams::Update(const DeliveryDefinition& definition, std::string document, uint64_t version) {
  TAILRACE_TRY(CheckDefinition(definition));
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(definition.name);
  if (found != entries_.end() && found->second.known.version != version) {
    return Error{ErrorCode::kFailedPrecondition, StrCat("delivery stream ", definition.name, " has version ",
                                                        found->second.known.version, ", not ", version)};
  }
  TAILRACE_TRY(Change(definition.name, [&](DeliveryDescription& known) {
    known.definition = definition;
    known.document = std::move(document);
    known.version += 1;
    known.updated = environment_.clock.Now();
  }));
  if (found->second.delivery != nullptr) found->second.delivery->Change(Settings(found->second.known));
  return Ok();
}

Status DeliveryStreams::SetTags(const std::string& name, std::map<std::string, std::string> tags) {
  const std::lock_guard lock(mutex_);
  return Change(name, [&](DeliveryDescription& known) { known.tags = std::move(tags); });
}

Status DeliveryStreams::SetEncrypted(const std::string& name, bool encrypted) {
  const std::lock_guard lock(mutex_);
  return Change(name, [&](DeliveryDescription& known) { known.encrypted = encrypted; });
}

Status DeliveryStreams::Delete(const std::string& name) {
  std::unique_ptr<DeliveryStream> ended;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) {
      return Error{ErrorCode::kNotFound, StrCat("delivery stream ", name, " does not exist")};
    }
    if (found->second.known.declared) {
      return Error{ErrorCode::kFailedPrecondition,
                   StrCat("delivery stream ", name, " is defined in an application's file; remove it there")};
    }
    Entry entry = std::move(found->second);
    entries_.erase(found);
    if (const Status saved = Save(); !saved.ok()) {
      entries_[name] = std::move(entry);
      return saved;
    }
    ended = std::move(entry.delivery);
  }
  ended.reset();  // Waits for the request under way.
  const Status removed = own_->Delete(name);
  if (!removed.ok() && removed.error().code != ErrorCode::kNotFound) return removed;
  environment_.disk.Remove(StrCat(options_.folder, "/", name, ".progress")).Ignore("there may be none yet");
  return Ok();
}

DeliveryDescription DeliveryStreams::DescriptionOf(const Entry& entry) {
  DeliveryDescription description = entry.known;
  if (entry.delivery != nullptr) {
    description.status = entry.delivery->status();
    return description;
  }
  description.status.name = entry.known.definition.name;
  description.status.state = "failed";
  description.status.error = entry.failure;
  return description;
}

Result<DeliveryDescription> DeliveryStreams::Describe(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return Error{ErrorCode::kNotFound, StrCat("delivery stream ", name, " does not exist")};
  return DescriptionOf(found->second);
}

std::vector<DeliveryDescription> DeliveryStreams::List() const {
  const std::lock_guard lock(mutex_);
  std::vector<DeliveryDescription> list;
  for (const auto& [name, entry] : entries_) list.push_back(DescriptionOf(entry));
  return list;
}

Result<std::shared_ptr<stream::Stream>> DeliveryStreams::FindStream(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return Error{ErrorCode::kNotFound, StrCat("delivery stream ", name, " does not exist")};
  if (found->second.delivery == nullptr) return Error{ErrorCode::kUnavailable, found->second.failure};
  return found->second.delivery->stream();
}

Status DeliveryStreams::Save() const {
  json::array list;
  for (const auto& [name, entry] : entries_) {
    if (entry.known.declared) continue;
    json::object tags;
    for (const auto& [key, value] : entry.known.tags) tags[key] = value;
    list.push_back({{"name", name},
                    {"version", entry.known.version},
                    {"created", ToUnixMs(entry.known.created)},
                    {"updated", ToUnixMs(entry.known.updated)},
                    {"encrypted", entry.known.encrypted},
                    {"tags", std::move(tags)},
                    {"document", entry.known.document}});
  }
  const json::object file{{"version", kFileVersion}, {"delivery_streams", std::move(list)}};
  return WriteFileAtomically(environment_.disk, options_.folder + "/definitions.json", json::serialize(file));
}

void DeliveryStreams::Start() {
  const std::lock_guard lock(mutex_);
  if (started_ || !options_.deliver) return;
  started_ = true;
  for (const auto& [name, entry] : entries_) {
    if (entry.delivery != nullptr) entry.delivery->Start();
  }
}

void DeliveryStreams::Stop() {
  const std::lock_guard lock(mutex_);
  started_ = false;
  for (const auto& [name, entry] : entries_) {
    if (entry.delivery != nullptr) entry.delivery->Stop();
  }
}

}  // namespace tailrace::sink::delivery
