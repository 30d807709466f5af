#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ingest/metrics/prometheus_text.h"
#include "stream/stream.h"

namespace tailrace::ingest {

// What fills a stream with this process's own metrics.
struct MetricsSourceConfig {
  Milliseconds every{10'000};
  std::vector<std::string> names;  // Whole names; empty: all metrics.

  bool operator==(const MetricsSourceConfig&) const = default;
};

// Writes metrics into a stream, so that SQL, alarms and tables see them as they see every record: one record a series
// and moment, {"metric": "tailrace_delivery_lag_seconds", "labels": {"delivery_stream": "web"}, "value": 12.5}. The
// partition key is the metric's name. What the stream does not take is counted and left out: the next moment's values
// are as good.
//
// Time     Records get their arrival when the stream takes them.
// Threads  Sample: one owner, which is the source's own thread after Start. Start, Stop: one owner.
class MetricsSource {
 public:
  struct Environment {
    Log& log;
    MetricsRegistry& metrics;
  };

  MetricsSource(MetricsSourceConfig config, std::shared_ptr<stream::Stream> stream, const Environment& environment);
  ~MetricsSource();  // Stops.

  const MetricsSourceConfig& config() const { return config_; }
  void Start();
  void Stop();
  // Writes what the metrics are now.
  void Sample();

 private:
  void Run();
  bool Wanted(const MetricSample& sample) const;
  void TellUnknownNames(const std::vector<MetricSample>& samples);

  const MetricsSourceConfig config_;
  const std::shared_ptr<stream::Stream> stream_;
  const Environment environment_;
  Counter& records_;
  Counter& refused_;
  uint32_t samples_taken_ = 0;
  std::string error_;  // That was logged; empty while all is well.

  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable stop_signal_;
  bool stopping_ = false;  // Guarded by mutex_.
};

}  // namespace tailrace::ingest
