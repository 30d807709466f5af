#include "ingest/generate/access_logs.h"

#include <algorithm>
#include <array>

#include "base/str.h"
#include "data/text.h"

namespace tailrace::ingest {
namespace {

constexpr int64_t kMsPerDay = 86'400'000;

constexpr std::array<std::string_view, 8> kSections = {"cart",   "product", "search", "account",
                                                       "static", "blog",    "help",   "order"};
constexpr std::array<std::string_view, 8> kAgents = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 "
    "Safari/605.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36",
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
    "curl/7.88.1",
    "Browser \"Quoted\" 1.0"};
constexpr std::array<std::string_view, 4> kReferers = {"https://www.example.com/", "https://search.example.net/?q=gift",
                                                       "https://news.example.org/today",
                                                       "https://www.example.com/cart"};
constexpr std::string_view kHealthCheck = "ELB-HealthChecker/2.0";

// As Apache escapes quotes in a quoted field.
std::string EscapeQuotes(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string Target(const AccessLine& line) {
  return line.query.empty() ? line.path : StrCat(line.path, "?", line.query);
}

std::string QuadText(uint64_t bits) {
  // First byte 1 to 223, so that every address is one that a client may have.
  return fmt::format("{}.{}.{}.{}", 1 + bits % 223, bits >> 8 & 0xff, bits >> 16 & 0xff, 1 + (bits >> 24) % 254);
}

}  // namespace

std::string LogTimeText(Timestamp time) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const int64_t unix_ms = ToUnixMs(time);
  const int64_t ms_of_day = ((unix_ms % kMsPerDay) + kMsPerDay) % kMsPerDay;
  const data::CivilDate date = data::CivilFromDays((unix_ms - ms_of_day) / kMsPerDay);
  return fmt::format("{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000", date.day,
                     kMonths.substr(static_cast<size_t>(date.month - 1) * 3, 3), date.year, ms_of_day / 3'600'000,
                     ms_of_day / 60'000 % 60, ms_of_day / 1000 % 60);
}

AccessLogGenerator::AccessLogGenerator(const AccessLogOptions& options)
    : options_(options),
      client_popularity_(std::max(options.clients, 1U), options.exponent),
      url_popularity_(std::max(options.urls, 1U), options.exponent) {
  urls_.emplace_back("/");
  for (uint32_t i = 1; i < std::max(options.urls, 1U); ++i) {
    Rng rng = RngFor(options.seed ^ 0x4f, i);
    urls_.push_back(StrCat("/", kSections[rng.Below(kSections.size())], "/", i));
  }
}

std::string AccessLogGenerator::ClientIp(uint64_t rank) const {
  Rng rng = RngFor(options_.seed ^ 0x5f, rank);
  const uint64_t bits = rng.Next();
  if (!rng.Chance(options_.ipv6)) return QuadText(bits);
  return fmt::format("2001:db8:{:x}:{:x}:{:x}:{:x}:{:x}:{:x}", bits & 0xffff, bits >> 16 & 0xffff, bits >> 32 & 0xffff,
                     bits >> 48, rng.Below(0x10000), rng.Below(0x10000));
}

AccessLine AccessLogGenerator::Make(uint64_t index) const {
  Rng rng = RngFor(options_.seed ^ 0x6f, index);
  AccessLine line;
  if (rng.Chance(options_.health_checks)) {
    return {.client_ip = "10.0.0.1",
            .method = "GET",
            .path = "/",
            .bytes = 2,
            .referer = "-",
            .agent = std::string(kHealthCheck)};
  }
  const uint64_t client = client_popularity_.Draw(rng);
  line.client_ip = ClientIp(client);
  line.path = urls_[url_popularity_.Draw(rng)];
  line.method = rng.Chance(0.05) ? "POST" : "GET";
  if (rng.Chance(0.1)) line.query = StrCat("page=", 1 + rng.Below(20));
  const double outcome = rng.Uniform();
  if (outcome < options_.errors) {
    line.status = rng.Chance(0.5) ? 500 : 503;
  } else if (outcome < options_.errors + options_.not_found) {
    line.status = 404;
  } else {
    line.status = rng.Chance(0.08) ? 304 : 200;
  }
  line.bytes = line.status == 304 ? 0 : 200 + static_cast<int64_t>(rng.Exponential() * 12'000);
  line.referer = rng.Chance(0.4) ? "-" : std::string(kReferers[rng.Below(kReferers.size())]);
  Rng client_rng = RngFor(options_.seed ^ 0x7f, client);  // A client keeps its browser.
  line.agent = kAgents[client_rng.Below(kAgents.size())];
  return line;
}

std::string AccessLogGenerator::JsonLine(const AccessLine& line, Timestamp time) const {
  std::string json;
  const auto add = [&](std::string_view name, std::string_view value) {
    json += json.empty() ? "{" : ",";
    data::AppendJsonString(json, name);
    json += ':';
    data::AppendJsonString(json, value);
  };
  add("request_time", StrCat("[", LogTimeText(time), "]"));
  add("client_ip", line.client_ip);
  add("client_hostname", options_.server_name);
  add("server_ip", options_.server_ip);
  add("request", line.path);
  add("http_method", line.method);
  add("status", StrCat(line.status));
  add("size", StrCat(line.bytes));
  add("userAgent", line.agent);
  add("referer", line.referer);
  return json + "}";
}

std::string AccessLogGenerator::Line(uint64_t index, Timestamp time) const {
  const AccessLine line = Make(index);
  if (options_.format == AccessLogFormat::kJson) return JsonLine(line, time) + "\n";
  std::string text = fmt::format("{} - - [{}] \"{} {} HTTP/1.1\" {} {}", line.client_ip, LogTimeText(time), line.method,
                                 Target(line), line.status, line.bytes == 0 ? "-" : StrCat(line.bytes));
  if (options_.format == AccessLogFormat::kCombined) {
    text += StrCat(" \"", line.referer, "\" \"", EscapeQuotes(line.agent), "\"");
  }
  return text + "\n";
}

std::string AccessLogGenerator::Lines(uint64_t first, uint64_t count, Timestamp time) const {
  std::string lines;
  for (uint64_t index = first; index < first + count; ++index) lines += Line(index, time);
  return lines;
}

}  // namespace tailrace::ingest
