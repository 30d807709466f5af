// The limit that `tailrace query` is measured against: requests per client and 10 s window, as a loop written for this
// one question. simdjson's document stream or memchr for the parsing, an open-addressing table that is cleared by
// generation tags for the counting; rows written as text. Also makes the data.
//
//   window_counts generate json|combined COUNT CLIENTS >FILE     1,000 records a second, seeded
//   window_counts count json|combined FILE >ROWS                 "window,client,count" a row

#include <fcntl.h>
#include <simdjson.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int64_t kStart = 1'793'491'200;  // 2026-11-01 00:00:00 UTC
constexpr size_t kReadBytes = 256 << 10;

// "01/Nov/2026:00:00:00 +0000" of the text; the minute's prefix is parsed once.
class LogClock {
 public:
  int64_t Seconds(std::string_view text) {
    if (std::memcmp(text.data(), minute_, sizeof minute_) != 0) {
      std::memcpy(minute_, text.data(), sizeof minute_);
      tm parts{};
      strptime(std::string(text.substr(0, 20)).c_str(), "%d/%b/%Y:%H:%M:%S", &parts);
      parts.tm_sec = 0;
      base_ = timegm(&parts);
    }
    return base_ + (text[18] - '0') * 10 + (text[19] - '0');
  }

 private:
  char minute_[18] = {};
  int64_t base_ = 0;
};

class Counts {
 public:
  Counts() : slots_(1 << 17) {}

  void Add(std::string_view client, int64_t seconds) {
    const int64_t window = seconds / 10 * 10 + 10;
    if (window != window_) Close(window);
    char key[16] = {};
    std::memcpy(key, client.data(), std::min<size_t>(client.size(), sizeof key));
    uint64_t low = 0;
    uint64_t high = 0;
    std::memcpy(&low, key, 8);
    std::memcpy(&high, key + 8, 8);
    size_t at = ((low * 0x9E3779B97F4A7C15U) ^ (high * 0xC2B2AE3D27D4EB4FU)) >> 47;
    while (true) {
      Slot& slot = slots_[at & (slots_.size() - 1)];
      if (slot.generation != generation_) {
        slot = {.low = low, .high = high, .generation = generation_, .count = 1};
        order_.push_back(static_cast<uint32_t>(at & (slots_.size() - 1)));
        return;
      }
      if (slot.low == low && slot.high == high) {
        ++slot.count;
        return;
      }
      ++at;
    }
  }
  void Close(int64_t next) {
    for (const uint32_t at : order_) {
      const Slot& slot = slots_[at];
      char key[17] = {};
      std::memcpy(key, &slot.low, 8);
      std::memcpy(key + 8, &slot.high, 8);
      out_ += std::to_string(window_);
      out_ += ',';
      out_ += key;
      out_ += ',';
      out_ += std::to_string(slot.count);
      out_ += '\n';
    }
    std::fwrite(out_.data(), 1, out_.size(), stdout);
    out_.clear();
    order_.clear();
    ++generation_;
    window_ = next;
  }

 private:
  struct Slot {
    uint64_t low = 0;
    uint64_t high = 0;
    uint32_t generation = 0;
    uint32_t count = 0;
  };
  std::vector<Slot> slots_;
  std::vector<uint32_t> order_;
  std::string out_;
  uint32_t generation_ = 1;
  int64_t window_ = 0;
};

// Calls `take` with pieces of whole lines, which have simdjson's padding behind them.
template <typename Take>
void ReadPieces(const char* path, const Take& take) {
  const int file = open(path, O_RDONLY);
  if (file < 0) std::exit(1);
  std::vector<char> buffer(2 * kReadBytes + simdjson::SIMDJSON_PADDING);
  size_t kept = 0;
  while (true) {
    const ssize_t count = read(file, buffer.data() + kept, kReadBytes);
    if (count <= 0) break;
    const std::string_view text(buffer.data(), kept + static_cast<size_t>(count));
    const size_t end = text.rfind('\n') + 1;
    take(text.substr(0, end), buffer.size());
    kept = text.size() - end;
    std::memmove(buffer.data(), buffer.data() + end, kept);
  }
  close(file);
}

void CountJson(const char* path) {
  Counts counts;
  LogClock clock;
  simdjson::ondemand::parser parser;
  ReadPieces(path, [&](std::string_view text, size_t) {
    simdjson::ondemand::document_stream stream;
    if (parser.iterate_many(text.data(), text.size(), 1 << 20).get(stream) != simdjson::SUCCESS) std::exit(1);
    for (auto document : stream) {
      std::string_view time;
      std::string_view client;
      if (document["request_time"].get_string().get(time) != simdjson::SUCCESS ||
          document["client_ip"].get_string().get(client) != simdjson::SUCCESS) {
        std::exit(1);
      }
      counts.Add(client, clock.Seconds(time.substr(1)));
    }
  });
  counts.Close(0);
}

// The text between quotes at `at`, which is moved behind the closing one; a backslash keeps a quote from closing.
std::string_view Quoted(const char*& at, const char* end) {
  const char* const begin = ++at;
  while (true) {
    const auto* const quote = static_cast<const char*>(std::memchr(at, '"', static_cast<size_t>(end - at)));
    if (quote == nullptr) std::exit(1);
    const char* slash = quote;
    while (slash > begin && slash[-1] == '\\') --slash;
    at = quote + 1;
    if ((quote - slash) % 2 == 0) return {begin, static_cast<size_t>(quote - begin)};
  }
}

std::string_view UpTo(const char*& at, const char* end, char byte) {
  const auto* const found = static_cast<const char*>(std::memchr(at, byte, static_cast<size_t>(end - at)));
  const char* const stop = found == nullptr ? end : found;
  const std::string_view text(at, static_cast<size_t>(stop - at));
  at = std::min(stop + 1, end);
  return text;
}

// All nine fields of each line.
void CountCombined(const char* path) {
  Counts counts;
  LogClock clock;
  size_t bytes = 0;
  ReadPieces(path, [&](std::string_view text, size_t) {
    const char* at = text.data();
    const char* const last = at + text.size();
    while (at != last) {
      const auto* const end = static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(last - at)));
      const std::string_view client = UpTo(at, end, ' ');
      bytes += UpTo(at, end, ' ').size();
      bytes += UpTo(at, end, ' ').size();
      ++at;
      const std::string_view time = UpTo(at, end, ']');
      ++at;
      bytes += Quoted(at, end).size();
      ++at;
      bytes += UpTo(at, end, ' ').size();
      bytes += UpTo(at, end, ' ').size();
      bytes += Quoted(at, end).size();
      ++at;
      bytes += Quoted(at, end).size();
      counts.Add(client, clock.Seconds(time));
      at = end + 1;
    }
  });
  counts.Close(0);
  if (bytes == 0) std::exit(1);
}

// One of 0 ... count - 1, the lower the more often: with a weight of 1 / (i + 1)^0.8.
class Popularity {
 public:
  explicit Popularity(size_t count) : sums_(count) {
    double sum = 0;
    for (size_t i = 0; i < count; ++i) sums_[i] = sum += std::pow(static_cast<double>(i + 1), -0.8);
  }
  size_t Draw(std::mt19937_64& random) const {
    const double at = static_cast<double>(random() >> 11) / 9007199254740992.0 * sums_.back();
    return static_cast<size_t>(std::upper_bound(sums_.begin(), sums_.end(), at) - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

void Generate(std::string_view format, int64_t count, uint32_t clients) {
  std::mt19937_64 random(1);
  const char* const agents[] = {
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
      "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 Version/17.1 Mobile/15E148",
      "Googlebot/2.1 (+http://www.google.com/bot.html)", "curl/8.5.0"};
  const char* const sections[] = {"items", "search", "cart", "orders", "about", "help"};
  const int statuses[] = {200, 200, 200, 200, 200, 304, 404, 500};
  const Popularity popular_client(clients);
  const Popularity popular_page(2'000);
  const Popularity popular_agent(5);
  std::string out;
  for (int64_t i = 0; i < count; ++i) {
    const time_t second = kStart + i / 1'000;
    tm parts{};
    gmtime_r(&second, &parts);
    char time[32];
    strftime(time, sizeof time, "%d/%b/%Y:%H:%M:%S +0000", &parts);
    const auto client = static_cast<uint32_t>(popular_client.Draw(random)) * 2'654'435'761U;
    char line[1'024];
    const auto page = static_cast<unsigned>(popular_page.Draw(random));
    const int status = statuses[random() % 8];
    const auto size = static_cast<unsigned>(random() % 20'000);
    const char* const agent = agents[popular_agent.Draw(random)];
    char ip[32];
    std::snprintf(ip, sizeof ip, "%u.%u.%u.%u", 1 + (client >> 24) % 220, (client >> 16) & 255, (client >> 8) & 255,
                  client & 255);
    char path[96];
    std::snprintf(path, sizeof path, "/%s/%u/detail.html?session=%08x", sections[page % 6], page,
                  static_cast<unsigned>(random()));
    const char* const form = format == "json"
                                 ? R"({"request_time":"[%s]","client_ip":"%s","client_hostname":"www.example.com",)"
                                   R"("server_ip":"192.0.2.10","request":"%s","http_method":"GET","status":"%d",)"
                                   R"("size":"%u","userAgent":"%s","referer":"https://www.example.com/"})"
                                 : R"(%2$s - - [%1$s] "GET %3$s HTTP/1.1" %4$d %5$u "https://www.example.com/" "%6$s")";
    std::snprintf(line, sizeof line, form, time, ip, path, status, size, agent);
    out += line;
    out += '\n';
    if (out.size() > kReadBytes) {
      std::fwrite(out.data(), 1, out.size(), stdout);
      out.clear();
    }
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  const std::string_view format = argc > 2 ? argv[2] : "";
  if (mode == "generate" && argc == 5) {
    Generate(format, std::atoll(argv[3]), static_cast<uint32_t>(std::atoi(argv[4])));
  } else if (mode == "count" && argc == 4 && format == "json") {
    CountJson(argv[3]);
  } else if (mode == "count" && argc == 4 && format == "combined") {
    CountCombined(argv[3]);
  } else {
    std::fputs("usage: window_counts generate json|combined COUNT CLIENTS | count json|combined FILE\n", stderr);
    return 2;
  }
  return 0;
}
