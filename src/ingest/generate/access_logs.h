#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "ingest/generate/zipf.h"

namespace tailrace::ingest {

enum class AccessLogFormat : uint8_t {
  kCombined,  // Apache's combined format.
  kCommon,    // Apache's common format.
  kJson,      // One JSON object a line, all values text, as a web server's JSON LogFormat writes it.
};

struct AccessLogOptions {
  uint64_t seed = 1;
  AccessLogFormat format = AccessLogFormat::kCombined;
  uint32_t clients = 20'000;
  uint32_t urls = 500;
  double exponent = 1.0;       // Of the clients' and pages' popularity.
  double errors = 0.01;        // Share of answers with status 5xx.
  double not_found = 0.03;     // Share with status 404.
  double ipv6 = 0.0;           // Share of clients with an IPv6 address.
  double health_checks = 0.0;  // Share of lines from a load balancer's health check.
  std::string server_name = "www.example.com";
  std::string server_ip = "192.0.2.10";
};

// A request as the log knows it.
struct AccessLine {
  std::string client_ip;
  std::string method;
  std::string path;
  std::string query;  // Without the question mark; mostly empty.
  int status = 200;
  int64_t bytes = 0;
  std::string referer;  // "-" when there is none.
  std::string agent;
};

// Made-up requests to a web shop. Line number `index` is always the same for the same options; its time is `time`.
//
// Threads  Any.
class AccessLogGenerator {
 public:
  explicit AccessLogGenerator(const AccessLogOptions& options);

  AccessLine Make(uint64_t index) const;
  // In the chosen format, with its line feed.
  std::string Line(uint64_t index, Timestamp time) const;
  std::string Lines(uint64_t first, uint64_t count, Timestamp time) const;
  // Address of the client of this rank, 0 being the busiest.
  std::string ClientIp(uint64_t rank) const;

 private:
  std::string JsonLine(const AccessLine& line, Timestamp time) const;

  const AccessLogOptions options_;
  Zipf client_popularity_;
  Zipf url_popularity_;
  std::vector<std::string> urls_;
};

// "27/Oct/2000:09:27:09 +0000"
std::string LogTimeText(Timestamp time);

}  // namespace tailrace::ingest
