#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tailrace {

// A number that only grows. Threads: any. Add once a batch, not once a row.
class Counter {
 public:
  void Add(uint64_t count) { value_.fetch_add(count, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// A number that goes up and down. Threads: any.
class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

using Labels = std::vector<std::pair<std::string, std::string>>;

// Owns the process's metrics; handed out references stay valid as long as the registry lives.
// The same name and labels give the same object. Threads: any.
class MetricsRegistry {
 public:
  Counter& GetCounter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge& GetGauge(std::string_view name, std::string_view help, Labels labels = {});

  // The text exposition format of Prometheus, version 0.0.4, sorted by name.
  std::string ToPrometheusText() const;
  // The value of one series, 0 when it does not exist. For tests and status pages.
  double Read(std::string_view name, const Labels& labels = {}) const;

 private:
  enum class Kind : uint8_t { kCounter, kGauge };
  struct Series {
    std::string name;
    std::string help;
    Labels labels;
    Kind kind;
    Counter counter;
    Gauge gauge;
  };
  Series& Find(std::string_view name, std::string_view help, Labels labels, Kind kind);

  mutable std::mutex mutex_;
  std::deque<Series> series_;
};

}  // namespace tailrace
