#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/http/message.h"
#include "app/live_view.h"
#include "base/clock.h"

namespace tailrace::app {
class Runtime;
}

namespace tailrace::api {

// How fast a counter grows, from its values over the last seconds.
class RateMeter {
 public:
  // Takes the counter's value at `now` and gives the rate per second over the last `kSpan`.
  double Update(const std::string& counter, uint64_t value, std::chrono::nanoseconds now);

 private:
  static constexpr std::chrono::seconds kSpan{3};
  struct Sample {
    std::chrono::nanoseconds time;
    uint64_t value;
  };
  std::map<std::string, std::vector<Sample>> samples_;
};

// Keeps the overview with its rates, and sends it, chart points and sampled rows to whoever listens.
//
// One thread: samples four times a second while somebody listens; else once a second, or less often when that would be
// much work.
// Threads  Any.
class LivePush {
 public:
  static constexpr size_t kListenersMax = 200;

  // Borrowed: `runtime`.
  LivePush(app::Runtime& runtime, std::string version);
  ~LivePush();

  // The overview of docs/http-api.md as it is now.
  std::string Overview();
  // Chart data of an application, whole.
  std::string Charts(std::string_view application);
  // Takes the exchange over: `status` and `chart` events until it closes. False: kListenersMax.
  bool AddEvents(http::ExchangePtr exchange);
  // `row` events of one in-application stream, also after the application was reloaded.
  bool AddTail(http::ExchangePtr exchange, std::string application, std::string stream);
  // Ends all event streams; called before the server stops.
  void Stop();

 private:
  struct Listener {
    http::ExchangePtr exchange;
    std::string application;  // Empty: status and charts.
    std::string stream;
    data::Ordinal last_ordinal = 0;
    int64_t last_chart_second = 0;
    std::chrono::nanoseconds last_sent{};
  };

  void Run();
  void Sample();
  void Serve(Listener& listener, const std::string& overview, std::chrono::nanoseconds now);
  void SendRows(Listener& listener, std::chrono::nanoseconds now);
  std::vector<app::SampledRow> NewRows(const Listener& listener) const;
  std::string ChartsAfter(std::string_view application, int64_t after_second) const;

  app::Runtime& runtime_;
  const std::string version_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::string overview_;
  std::mutex sampling_mutex_;  // Taken before mutex_.
  RateMeter rates_;            // Guarded by sampling_mutex_.
  std::vector<Listener> listeners_;
  std::vector<Listener> joining_;
  std::thread thread_;
};

}  // namespace tailrace::api
