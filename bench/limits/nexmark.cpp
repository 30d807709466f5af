// Nexmark's events for the scenario nexmark: people, auctions and bids of an auction site.
//
//   nexmark generate bids|auctions|people COUNT >FILE     those of the first COUNT events, as CSV with a header
//
// Written from the published schema and distributions: of 50 events one is a person, three are auctions and 46 are
// bids; half of the bids go to the newest hot auction, three of four are by the newest hot bidder; prices are 100 times
// 10 to the power of 0 ... 6. Source  N. Tucker and others, NEXMark: A Benchmark for Queries over Data Streams; Apache
// Beam, "Nexmark benchmark suite".

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <string_view>

namespace {

constexpr int64_t kStart = 1'793'491'200'000;  // 2026-11-01 00:00:00 UTC, in ms
constexpr int64_t kEventsASecond = 10'000;
constexpr int64_t kRound = 50;
constexpr int64_t kPeopleARound = 1;
constexpr int64_t kAuctionsARound = 3;
constexpr int64_t kFirstId = 1'000;
constexpr int64_t kPeopleAlive = 1'000;
constexpr int64_t kAuctionsOpen = 100;
constexpr int64_t kHotAuctionEvery = 100;
constexpr int64_t kHotPersonEvery = 100;

class Events {
 public:
  explicit Events(std::string_view wanted) : wanted_(wanted) {}

  void Write(int64_t number) {
    time_ = kStart + number * 1'000 / kEventsASecond;
    const int64_t round = number / kRound;
    const int64_t place = number % kRound;
    if (place < kPeopleARound) {
      people_ = round + 1;
      Person(kFirstId + round);
    } else if (place < kPeopleARound + kAuctionsARound) {
      auctions_ = round * kAuctionsARound + place - kPeopleARound + 1;
      Auction(kFirstId + auctions_ - 1);
    } else {
      Bid();
    }
  }
  void Flush() {
    std::fwrite(out_.data(), 1, out_.size(), stdout);
    out_.clear();
  }
  void Header() {
    out_ += wanted_ == "bids" ? "auction,bidder,price,channel,url,dateTime,extra\n"
            : wanted_ == "people"
                ? "id,name,emailAddress,creditCard,city,state,dateTime,extra\n"
                : "id,itemName,description,initialBid,reserve,dateTime,expires,seller,category,extra\n";
  }

 private:
  int64_t Below(int64_t limit) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(limit)); }
  int64_t Price() { return std::llround(std::pow(10.0, static_cast<double>(Below(1'000'000)) / 1e6 * 6.0) * 100.0); }
  int64_t Recent(int64_t count, int64_t window) {
    return kFirstId + std::max<int64_t>(0, count - 1 - Below(std::min(count, window)));
  }
  std::string Letters(int64_t count) {
    std::string letters;
    for (int64_t i = 0; i < count; ++i) letters += static_cast<char>('a' + Below(26));
    return letters;
  }
  static std::string TimeText(int64_t unix_ms) {
    const time_t seconds = unix_ms / 1'000;
    tm parts{};
    gmtime_r(&seconds, &parts);
    char text[40];
    const size_t size = strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
    std::snprintf(text + size, sizeof text - size, ".%03d", static_cast<int>(unix_ms % 1'000));
    return text;
  }

  void Person(int64_t id) {
    static constexpr const char* kCities[] = {"Phoenix",  "Los Angeles", "San Francisco", "Boise",
                                              "Portland", "Bend",        "Seattle"};
    static constexpr const char* kStates[] = {"AZ", "CA", "CA", "ID", "OR", "OR", "WA"};
    const int64_t city = Below(7);
    const std::string name = Letters(5) + " " + Letters(7);
    const std::string extra = Letters(40);
    const int64_t card = Below(10'000);
    if (wanted_ != "people") return;
    out_ += std::to_string(id) + "," + name + "," + name.substr(0, 5) + "@example.com," + std::to_string(card) +
            " 0000 0000 0000," + kCities[city] + "," + kStates[city] + "," + TimeText(time_) + "," + extra + "\n";
  }
  void Auction(int64_t id) {
    const bool hot = Below(4) > 0;
    const int64_t newest = people_ - 1;
    const int64_t seller = hot ? kFirstId + newest / kHotPersonEvery * kHotPersonEvery : Recent(people_, kPeopleAlive);
    const int64_t initial = Price();
    const int64_t reserve = initial + Price();
    const int64_t expires = time_ + 1 + Below(2 * kAuctionsOpen * kRound / kAuctionsARound * 1'000 / kEventsASecond);
    const int64_t category = 10 + Below(5);
    const std::string extra = Letters(60);
    if (wanted_ != "auctions") return;
    out_ += std::to_string(id) + "," + extra.substr(0, 10) + "," + extra.substr(10, 30) + "," +
            std::to_string(initial) + "," + std::to_string(reserve) + "," + TimeText(time_) + "," + TimeText(expires) +
            "," + std::to_string(seller) + "," + std::to_string(category) + "," + extra + "\n";
  }
  void Bid() {
    static constexpr const char* kChannels[] = {"Google", "Facebook", "Baidu", "Apple"};
    const int64_t newest = auctions_ - 1;
    const bool hot_auction = Below(2) > 0;
    const int64_t auction =
        hot_auction ? kFirstId + newest / kHotAuctionEvery * kHotAuctionEvery : Recent(auctions_, kAuctionsOpen);
    const bool hot_bidder = Below(4) > 0;
    const int64_t bidder =
        hot_bidder ? kFirstId + (people_ - 1) / kHotPersonEvery * kHotPersonEvery + 1 : Recent(people_, kPeopleAlive);
    const int64_t price = Price();
    const int64_t channel = Below(4);
    const std::string letters = Letters(36);
    if (wanted_ != "bids") return;
    out_ += std::to_string(auction) + "," + std::to_string(bidder) + "," + std::to_string(price) + "," +
            kChannels[channel] + ",https://www.nexmark.com/" + letters.substr(0, 15) + "/item.htm?query=1," +
            TimeText(time_) + "," + letters + "\n";
  }

  const std::string_view wanted_;
  std::mt19937_64 random_{1};
  std::string out_;
  int64_t time_ = 0;
  int64_t people_ = 0;
  int64_t auctions_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string_view kind = argc == 4 ? argv[2] : "";
  if (kind != "bids" && kind != "auctions" && kind != "people") {
    std::fputs("usage: nexmark generate bids|auctions|people COUNT\n", stderr);
    return 2;
  }
  Events events(kind);
  events.Header();
  for (int64_t number = 0; number < std::atoll(argv[3]); ++number) {
    events.Write(number);
    if (number % 1'024 == 0) events.Flush();
  }
  events.Flush();
  return 0;
}
