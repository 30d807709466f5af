#pragma once

// What the tests of deliveries have in common. Only tests include it.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/net.h"
#include "base/str.h"
#include "sim/sim.h"
#include "sink/delivery/delivery_stream.h"
#include "stream/store.h"

namespace tailrace::sink::delivery {

// A peer that the test answers for.
class FakeNet final : public Net {
 public:
  using Answer = std::function<Result<HttpResponse>(const HttpRequest&)>;
  explicit FakeNet(Answer answer = {}) : answer_(std::move(answer)) {}
  Result<HttpResponse> Http(const HttpRequest& request) override {
    requests.push_back(request);
    if (!answer_) return Error{ErrorCode::kUnavailable, "nobody is there"};
    return answer_(request);
  }
  Status SendMail(const MailServer&, const Mail&) override { return Error{ErrorCode::kUnsupported, "no mail"}; }
  void SetAnswer(Answer answer) { answer_ = std::move(answer); }

  std::vector<HttpRequest> requests;

 private:
  Answer answer_;
};

inline std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  for (const auto& [header, value] : request.headers) {
    if (EqualsIgnoreCase(header, name)) return value;
  }
  return "";
}

// All files below a folder by path, hidden ones left out.
inline std::map<std::string, std::string> FilesBelow(Disk& disk, const std::string& folder) {
  std::map<std::string, std::string> files;
  const auto names = disk.List(folder);
  if (!names.ok()) return files;
  for (const std::string& name : *names) {
    if (name.starts_with('.')) continue;
    const std::string path = StrCat(folder, "/", name);
    const auto info = disk.Stat(path);
    if (!info.ok()) continue;
    if (info->is_directory) {
      files.merge(FilesBelow(disk, path));
    } else {
      files[path] = ReadFile(disk, path).value_or("");
    }
  }
  return files;
}

// A simulated machine with one stream and what delivers it.
struct DeliveryWorld {
  static constexpr int64_t kStartUnixMs = 1'700'000'000'000;  // 2023-11-14T22:13:20Z

  explicit DeliveryWorld(uint64_t seed = 1) : disk(Rng(seed)) {}

  Status OpenStream(const stream::StreamOptions& options = {}) {
    auto opened = stream::StreamStore::Open({disk, clock, log, metrics}, "/data/streams", Rng(7),
                                            {.maintain_in_background = false});
    if (!opened.ok()) return opened.error();
    store = *std::move(opened);
    auto found = store->Find("web");
    if (!found.ok()) found = store->Create("web", options);
    if (!found.ok()) return found.error();
    stream = *found;
    return disk.MakeDirectories("/data/delivery");
  }

  Status OpenDelivery(const DeliveryDefinition& definition, uint64_t version = 1) {
    auto opened = DeliveryStream::Open({.definition = definition,
                                        .version = version,
                                        .arn = "arn:aws:firehose:local:000000000000:deliverystream/web",
                                        .errors_folder = "/errors"},
                                       stream, "/data/delivery/web.progress", {disk, net, clock, log, metrics}, Rng(3));
    if (!opened.ok()) return opened.error();
    delivery = *std::move(opened);
    return Ok();
  }

  Status Put(const std::string& data) {
    const stream::RecordInput record{.partition_key = "k", .data = data};
    auto outcome = stream->Append({&record, 1});
    return outcome.ok() ? outcome->status() : Status(outcome.error());
  }

  // Steps at this moment until there is nothing to do at once.
  void StepNow() {
    while (delivery->Step() == Milliseconds(0)) {
    }
  }
  // Lets time pass in small steps.
  void Pass(Milliseconds duration, Milliseconds step = Milliseconds(500)) {
    for (Milliseconds passed{0}; passed < duration; passed += step) {
      clock.Advance(std::min(step, duration - passed));
      StepNow();
    }
  }
  // Ends what runs, as kill -9 or a power failure does.
  void Crash() {
    delivery.reset();
    stream.reset();
    store.reset();
  }

  std::map<std::string, std::string> Objects() { return FilesBelow(disk, "/archive"); }

  sim::SimDisk disk;
  sim::SimClock clock{FromUnixMs(kStartUnixMs)};
  NullLog log;
  MetricsRegistry metrics;
  FakeNet net;
  std::unique_ptr<stream::StreamStore> store;
  std::shared_ptr<stream::Stream> stream;
  std::unique_ptr<DeliveryStream> delivery;
};

inline DeliveryDefinition ArchiveTo(const std::string& folder, uint64_t bytes, Milliseconds interval) {
  return {.name = "web",
          .buffer_bytes = bytes,
          .buffer_interval = interval,
          .processing = {.newline = NewlineRule::kIfMissing},
          .destination = ArchiveConfig{.store = DirectoryStoreConfig{folder}}};
}

}  // namespace tailrace::sink::delivery
