// The limit for CSV: orders and revenue per stock code and day, as a loop written for this one question; and its data.
//
//   retail generate retail COUNT >FILE     order lines, eight columns, 20,000 a day, seeded
//   retail count FILE >ROWS                "day,stock code,orders,revenue" a row

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
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
constexpr int64_t kLinesADay = 20'000;
constexpr unsigned kCodes = 5'000;
constexpr size_t kReadBytes = 256 << 10;
constexpr size_t kColumns = 8;

void Generate(int64_t count) {
  std::mt19937_64 random(1);
  const char* const things[] = {"LUNCH BAG RED RETROSPOT", "REGENCY CAKESTAND 3 TIER", "\"BAG, JUMBO\"",
                                "PARTY BUNTING", "WHITE METAL LANTERN"};
  const char* const countries[] = {"United Kingdom", "United Kingdom", "United Kingdom", "Germany", "France"};
  std::puts("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country");
  for (int64_t i = 0; i < count; ++i) {
    const time_t second = kStart + i * 86'400 / kLinesADay;
    tm parts{};
    gmtime_r(&second, &parts);
    char time[32];
    strftime(time, sizeof time, "%Y-%m-%d %H:%M:%S", &parts);
    const double uniform = static_cast<double>(random() >> 11) / 9007199254740992.0;
    const auto code = static_cast<unsigned>(kCodes * uniform * uniform * uniform * uniform);
    const auto customer = static_cast<unsigned>(random() % 8'000);
    char customer_text[16] = "";
    if (customer < 6'000) std::snprintf(customer_text, sizeof customer_text, "%u", 12'000 + customer);
    std::printf("%u,%u,%s,%u,%s,%u.%02u,%s,%s\n", static_cast<unsigned>(536'365 + i / 4), 20'000 + code,
                things[random() % 5], static_cast<unsigned>(1 + random() % 24), time,
                static_cast<unsigned>(random() % 20), static_cast<unsigned>(random() % 100), customer_text,
                countries[random() % 5]);
  }
}

class Days {
 public:
  Days() : slots_(1 << 16) {}

  void Add(std::string_view code, std::string_view day, double revenue) {
    if (day != day_) {
      Close();
      day_ = day;
    }
    uint64_t key = 0;
    std::memcpy(&key, code.data(), std::min<size_t>(code.size(), 8));
    size_t at = (key * 0x9E3779B97F4A7C15U) >> 48;
    while (slots_[at].generation == generation_ && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
    Slot& slot = slots_[at];
    if (slot.generation != generation_) {
      slot = {.key = key, .generation = generation_, .orders = 0, .revenue = 0};
      order_.push_back(static_cast<uint32_t>(at));
    }
    ++slot.orders;
    slot.revenue += revenue;
  }
  void Close() {
    for (const uint32_t at : order_) {
      char key[9] = {};
      std::memcpy(key, &slots_[at].key, 8);
      char line[96];
      const int size =
          std::snprintf(line, sizeof line, "%s,%s,%u,%.2f\n", day_.c_str(), key, slots_[at].orders, slots_[at].revenue);
      out_.append(line, static_cast<size_t>(size));
    }
    std::fwrite(out_.data(), 1, out_.size(), stdout);
    out_.clear();
    order_.clear();
    ++generation_;
  }

 private:
  struct Slot {
    uint64_t key = 0;
    uint32_t generation = 0;
    uint32_t orders = 0;
    double revenue = 0;
  };
  std::vector<Slot> slots_;
  std::vector<uint32_t> order_;
  std::string day_;
  std::string out_;
  uint32_t generation_ = 1;
};

// Reads the fields of one line from `at`, which is moved to the next.
bool TakeLine(const char*& at, const char* end, std::string_view (&fields)[kColumns]) {
  for (size_t column = 0; column < kColumns; ++column) {
    if (at == end) return false;
    const char* begin = at;
    if (*at == '"') {
      begin = ++at;
      while (at != end && !(*at == '"' && (at + 1 == end || at[1] != '"'))) at += *at == '"' ? 2 : 1;
      if (at >= end) return false;
      fields[column] = {begin, static_cast<size_t>(at++ - begin)};
    } else {
      while (at != end && *at != ',' && *at != '\n') ++at;
      fields[column] = {begin, static_cast<size_t>(at - begin)};
    }
    if (at != end) ++at;
  }
  return true;
}

void Count(const char* path) {
  const int file = open(path, O_RDONLY);
  if (file < 0) std::exit(1);
  std::vector<char> buffer(2 * kReadBytes);
  Days days;
  size_t kept = 0;
  bool header = true;
  while (true) {
    const ssize_t count = read(file, buffer.data() + kept, kReadBytes);
    if (count <= 0) break;
    const char* at = buffer.data();
    const char* const end = at + kept + static_cast<size_t>(count);
    const char* line = at;
    std::string_view fields[kColumns];
    // A line is whole when its last field ends before the piece does.
    while (TakeLine(at, end, fields) && at[-1] == '\n') {
      line = at;
      if (header) {
        header = false;
        continue;
      }
      int quantity = 0;
      double price = 0;
      std::from_chars(fields[3].data(), fields[3].data() + fields[3].size(), quantity);
      std::from_chars(fields[5].data(), fields[5].data() + fields[5].size(), price);
      days.Add(fields[1], fields[4].substr(0, 10), quantity * price);
    }
    kept = static_cast<size_t>(end - line);
    std::memmove(buffer.data(), line, kept);
  }
  days.Close();
  close(file);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "generate" && argc == 4) {
    Generate(std::atoll(argv[3]));
  } else if (mode == "count" && argc == 3) {
    Count(argv[2]);
  } else {
    std::fputs("usage: retail generate retail COUNT | count FILE\n", stderr);
    return 2;
  }
  return 0;
}
