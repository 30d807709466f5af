#include <gtest/gtest.h>

#include <fmt/core.h>

#include <algorithm>
#include <iostream>
#include <tuple>

#include "app/running_application.h"
#include "app/runtime.h"
#include "app/simulation_model_test.h"
#include "base/hash.h"
#include "stream/world_test.h"

// Goal    Whatever happens to a server with streams, SQL, tables, files, an agent and alarms: no acknowledged record is
//         lost or there twice, every output is that of an undisturbed run, people are told once where the channel lets
//         us know, and no position goes back behind what was promised.
// Method  One whole server on a simulated disk, clock and network, all steps in one thread. The disk tears writes,
// loses
//         what was not synced, fails, fills up and dies at any operation; the clock jumps by minutes; the receiver of
//         alarms breaks. After some lives everything works again, and what is there is compared with plain counts.
//         To replay one case: TAILRACE_SEED=<n>. Described in docs/testing.md.

namespace tailrace::app {
namespace {

constexpr const char* kData = "/data";
constexpr int kStepsOfALife = 120;

class NoSources final : public ValueSource {
 public:
  Result<std::string> Environment(const std::string& name) override { return Error{ErrorCode::kNotFound, name}; }
  Result<std::string> FileText(const std::string& path) override { return Error{ErrorCode::kNotFound, path}; }
};

// How much happened, over all seeds.
struct Seen {
  uint64_t starts = 0;
  uint64_t crashes = 0;
  uint64_t orders = 0;
  uint64_t rows = 0;
  uint64_t refused = 0;
  uint64_t messages = 0;
  uint64_t repeats = 0;

  void Add(const Seen& other) {
    starts += other.starts;
    crashes += other.crashes;
    orders += other.orders;
    rows += other.rows;
    refused += other.refused;
    messages += other.messages;
    repeats += other.repeats;
  }
};

class Simulation : SimMachine {
 public:
  explicit Simulation(uint64_t seed) : SimMachine(seed) {}

  void Run() {
    ASSERT_NO_FATAL_FAILURE(Prepare());
    for (uint64_t lives = 2 + rng_.Below(5); lives > 0; --lives) {
      SCOPED_TRACE(StrCat("life ", net_.life));
      ASSERT_NO_FATAL_FAILURE(Live());
    }
    SCOPED_TRACE("when everything works again");
    ASSERT_NO_FATAL_FAILURE(Recover());
    ASSERT_NO_FATAL_FAILURE(Check());
    Die();
  }

  const Seen& seen() const { return seen_; }
  // The same for the same seed, whatever ran before.
  std::string Fingerprint() const {
    return StrCat(disk_.operations(), " ", ToUnixMs(clock_.Now()), " ", orders_.size(), " ", Crc32c(observed_));
  }

 private:
  void Prepare() {
    for (const auto& [path, text] :
         {std::pair("/app/tailrace.yaml", kSimulatedDefinition), std::pair("/app/monitor.sql", kSimulatedSql),
          std::pair("/app/agent.json", kSimulatedAgent)}) {
      TAILRACE_ASSERT_OK(website_.MakeDirectories("/app"));
      TAILRACE_ASSERT_OK(WriteFileAtomically(website_, path, text));
    }
    TAILRACE_ASSERT_OK(website_.MakeDirectories("/website"));
    TAILRACE_ASSERT_OK(disk_.MakeDirectories("/"));
    NoSources sources;
    TAILRACE_ASSERT_OK_AND_ASSIGN(definition_, LoadDefinition(website_, "/app", sources));
    ASSERT_TRUE(definition_.ok()) << FormatProblems(definition_, true);
  }

  // One start of the server, some work, and an end: by a crash or an order.
  void Live() {
    const bool disk_fails = rng_.Chance(0.3);
    const bool disk_full = rng_.Chance(0.15);
    // Short lives end within the start, long ones as they please.
    const uint64_t operations = rng_.Below(uint64_t{1} << (4 + rng_.Below(8)));
    disk_.SetFaults({.ops_before_crash = rng_.Chance(0.8) ? operations : ~uint64_t{0},
                     .write_failure = disk_fails ? 0.02 : 0.0,
                     .sync_failure = disk_fails ? 0.02 : 0.0,
                     .capacity_bytes = disk_full ? 400'000 + rng_.Below(600'000) : ~uint64_t{0}});
    tables_.SetWriteFailure(disk_fails || disk_full ? 0.05 : 0.0);
    disk_troubled_ = disk_fails || disk_full;
    net_.trouble = rng_.Chance(0.5) ? rng_.Uniform() : 0.0;
    net_.marks_may_fail = disk_troubled_;
    const Status opened = Open();
    if (!opened.ok()) {
      ASSERT_TRUE(disk_.crashed() || disk_troubled_) << "it does not start: " << opened.error().ToString();
    }
    for (int step = 0; opened.ok() && step < kStepsOfALife && !disk_.crashed(); ++step) {
      SCOPED_TRACE(StrCat("step ", step));
      ASSERT_NO_FATAL_FAILURE(Step());
    }
    ++seen_.starts;
    seen_.crashes += disk_.crashed() ? 1 : 0;
    if (opened.ok() && !disk_.crashed() && rng_.Chance(0.3)) {
      ASSERT_NO_FATAL_FAILURE(StopInOrder());
    }
    Die();
    disk_.Restart(rng_.Chance(0.4) ? sim::Outage::kProcessKilled : sim::Outage::kPowerLost);
    tables_.SetWriteFailure(0);
    ++net_.life;
    MoveClock();
  }

  Status Open() {
    RuntimeOptions options{.data_folder = kData};
    options.application.checkpoint_piece_bytes =
        64;  // A few entries at a time: rows come and crashes happen meanwhile.
    // From one a second to none in a whole life.
    options.application.checkpoint_records = uint64_t{1} << rng_.Below(8);
    options.application.checkpoint_wait_max = std::chrono::seconds(1 + rng_.Below(60));
    options.simulation = RuntimeOptions::Simulation{
        [this]() -> Result<std::unique_ptr<table::KeyValueStore>> { return tables_.Open(); }};
    TAILRACE_ASSIGN_OR_RETURN(runtime_, Runtime::Open(std::move(options), {disks_, clock_, net_, log_, metrics_, 7}));
    TAILRACE_TRY(runtime_->AddApplication(definition_));
    server_ = runtime_->FindApplication("shop").get();
    TAILRACE_ASSIGN_OR_RETURN(orders_stream_, runtime_->streams().Find("orders"));
    const uint64_t checkpoints = server_->application().CurrentStatus().checkpoints;
    if (checkpoints < checkpoints_) return Error{ErrorCode::kInternal, "an older checkpoint came back"};
    return Ok();
  }

  // Nothing that the end of the objects does reaches the disk.
  void Die() {
    disk_.SetFaults({.ops_before_crash = 0});
    disk_.OtherOperation().Ignore("it dies");
    server_ = nullptr;
    orders_stream_.reset();
    runtime_.reset();
  }

  void Step() {
    switch (rng_.Below(12)) {
      case 0:
      case 1:
      case 2:
        Put();
        break;
      case 3:
      case 4:
        LogLines();
        break;
      case 5:
        server_->agent()->Poll();
        break;
      case 6:
      case 7:
        StepOutbox();
        break;
      case 8:
        if (rng_.Chance(0.3)) MoveClock();
        break;
      case 9:
        runtime_->streams().Maintain().Ignore("a full or dead disk may refuse");
        break;
      default:
        break;
    }
    clock_.Advance(Pause());
    if (rng_.Chance(0.5)) runtime_->told_time().StoreAhead(runtime_->clock().Now());
    if (rng_.Chance(0.6)) StepApplication();
  }

  // Now and then up to a millisecond beside the end of a window, where records belong to one side or the other.
  std::chrono::milliseconds Pause() {
    if (rng_.Chance(0.1)) return std::chrono::milliseconds(rng_.Below(8'000));
    if (!rng_.Chance(0.1)) return std::chrono::milliseconds(rng_.Below(400));
    const int64_t left = kWindowMs - ToUnixMs(clock_.Now()) % kWindowMs;
    return std::chrono::milliseconds(std::max<int64_t>(left - 2 + static_cast<int64_t>(rng_.Below(4)), 0));
  }

  // Back and forth by minutes, as clocks are set.
  void MoveClock() {
    if (rng_.Chance(0.5)) {
      clock_.Advance(std::chrono::milliseconds(rng_.Below(3'000)));
    } else {
      clock_.SetNow(clock_.Now() + Milliseconds(rng_.Below(600'000)) - Milliseconds(rng_.Below(600'000)));
    }
  }

  Order& NewOrder() {
    const bool nameless = rng_.Chance(0.05);
    orders_.push_back(std::make_unique<Order>(Order{.id = orders_.size(),
                                                    .customer = nameless ? "nobody" : StrCat(1 + rng_.Below(4)),
                                                    .item = StrCat("item-", rng_.Below(3)),
                                                    .quantity = static_cast<int64_t>(1 + rng_.Below(9)),
                                                    .readable = !rng_.Chance(0.03)}));
    return *orders_.back();
  }

  // A client's call. All records of a call go to one shard: a call over several is one more thread.
  void Put() {
    const stream::HashKey key = rng_.Chance(0.5) ? stream::HashKey{0} : stream::kHashKeyMax;
    const size_t first = orders_.size();
    std::vector<std::string> data;
    for (uint64_t n = 1 + rng_.Below(8); n > 0; --n) data.push_back(NewOrder().Json());
    std::vector<stream::RecordInput> records;
    for (const std::string& bytes : data) {
      records.push_back({.partition_key = "k", .explicit_hash_key = key, .data = bytes});
    }
    const auto outcome = orders_stream_->Append(records);
    if (!outcome.ok() || !outcome->status().ok()) return;
    for (size_t i = first; i < orders_.size(); ++i) orders_[i]->acknowledged = true;
  }

  void LogLines() {
    std::string lines;
    for (uint64_t n = 1 + rng_.Below(8); n > 0; --n) {
      Order& order = NewOrder();
      order.readable = order.acknowledged = true;
      lines += order.Json() + "\n";
      logged_.push_back(&order);
    }
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto file, website_.Open("/website/orders.log", OpenMode::kCreate));
    TAILRACE_ASSERT_OK_AND_ASSIGN(const FileInfo info, file->Info());
    TAILRACE_ASSERT_OK(file->WriteAt(info.size_bytes, lines));
  }

  void StepApplication() {
    const auto stepped = server_->application().Step();
    // Only the disk's death ends an application.
    ASSERT_TRUE(stepped.ok() || disk_.crashed()) << stepped.error().ToString();
    if (!disk_.crashed()) checkpoints_ = server_->application().CurrentStatus().checkpoints;
  }

  void StepOutbox() {
    const auto stepped = server_->outbox()->Step();
    ASSERT_TRUE(stepped.ok() || disk_.crashed() || disk_troubled_) << stepped.error().ToString();
  }

  void StopInOrder() {
    for (bool more = true; more && !disk_.crashed();) {
      const auto stepped = server_->application().Step();
      more = stepped.ok() && stepped->more;
    }
    server_->application().MakeCheckpoint().Ignore("a dead disk refuses");
    server_->agent()->Checkpoint().Ignore("a dead disk refuses");
  }

  // Everything works from now on: reads up, passes all time, sends everything.
  void Recover() {
    net_.trouble = 0;
    disk_troubled_ = net_.marks_may_fail = false;
    TAILRACE_ASSERT_OK(Open());
    Timestamp newest = clock_.Now();
    ASSERT_NO_FATAL_FAILURE(StepApplication());
    const int64_t bound_before = server_->application().CurrentStatus().bound_unix_ms;
    for (int round = 0; round < 100; ++round) {
      server_->agent()->HurryUp();
      server_->agent()->Poll();
      ASSERT_NO_FATAL_FAILURE(StepApplication());
      ASSERT_NO_FATAL_FAILURE(StepOutbox());
      clock_.Advance(std::chrono::seconds(1));
    }
    ASSERT_TRUE(server_->agent()->drained());
    // Also when the clock was set back by minutes: nobody waits until it has caught up.
    const ApplicationStatus read_up = server_->application().CurrentStatus();
    ASSERT_EQ(read_up.behind, Milliseconds(0));
    ASSERT_GE(read_up.bound_unix_ms - bound_before, 80'000);
    for (const auto& [name, shards] : {std::pair("orders", 2U), std::pair("logged", 1U)}) {
      for (stream::ShardId shard = 0; shard < shards; ++shard) {
        TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, runtime_->streams().Find(name));
        TAILRACE_ASSERT_OK_AND_ASSIGN(const auto records, stream::ReadAll(*stream, shard));
        if (!records.empty()) newest = std::max(newest, FromUnixMs(records.back().arrival_unix_ms));
      }
    }
    clock_.SetNow(newest + std::chrono::minutes(1));
    for (int round = 0; round < 100; ++round) {
      ASSERT_NO_FATAL_FAILURE(StepApplication());
      ASSERT_NO_FATAL_FAILURE(StepOutbox());
      clock_.Advance(std::chrono::seconds(1));
    }
    const ApplicationStatus status = server_->application().CurrentStatus();
    EXPECT_EQ(status.state, "running");
    TAILRACE_ASSERT_OK_AND_ASSIGN(const uint64_t pending,
                                  server_->alarm_store()->CountDeliveries(alarm::DeliveryState::kPending));
    EXPECT_EQ(pending, 0u);
  }

  void Check() {
    std::vector<ArrivedOrder> arrived;
    ASSERT_NO_FATAL_FAILURE(CheckStreams(arrived));
    const Expected expected = Expect(arrived);
    ASSERT_NO_FATAL_FAILURE(CheckCounts(expected));
    ASSERT_NO_FATAL_FAILURE(CheckTable(expected));
    ASSERT_NO_FATAL_FAILURE(CheckAlarm(expected));
    ASSERT_NO_FATAL_FAILURE(CheckHistory(expected));
  }

  // Every acknowledged order is there once, in its order; no order twice.
  void CheckStreams(std::vector<ArrivedOrder>& arrived) {
    std::vector<std::tuple<int64_t, int, stream::ShardId, stream::Sequence, const Order*>> sorted;
    std::set<uint64_t> seen;
    const std::pair<const char*, stream::ShardId> places[] = {{"orders", 0}, {"orders", 1}, {"logged", 0}};
    for (const auto& [name, shard] : places) {
      TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, runtime_->streams().Find(name));
      TAILRACE_ASSERT_OK_AND_ASSIGN(const auto records, stream::ReadAll(*stream, shard));
      std::optional<uint64_t> last;
      for (const stream::StoredRecord& record : records) {
        const auto id = ParseInt64(record.data.substr(6, record.data.find(',') - 6));
        ASSERT_TRUE(id.has_value() && static_cast<uint64_t>(*id) < orders_.size()) << record.data;
        const Order& order = *orders_[static_cast<size_t>(*id)];
        ASSERT_EQ(Trim(record.data), order.Json());
        ASSERT_TRUE(seen.insert(order.id).second) << "order " << order.id << " is there twice";
        ASSERT_TRUE(!last.has_value() || *last < order.id) << "order " << order.id << " is out of order";
        last = order.id;
        sorted.emplace_back(record.arrival_unix_ms, name == std::string_view("orders") ? 0 : 1, shard, record.sequence,
                            &order);
      }
    }
    for (const auto& order : orders_) {
      ASSERT_TRUE(!order->acknowledged || seen.contains(order->id)) << "order " << order->id << " is lost";
    }
    seen_.orders += sorted.size();
    std::ranges::sort(sorted);
    for (const auto& entry : sorted) arrived.push_back({std::get<0>(entry), std::get<4>(entry)});
  }

  // Windows come in the order of their time; the order of their rows is the engine's.
  void CheckCounts(const Expected& expected) {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, runtime_->streams().Find("counts"));
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto records, stream::ReadAll(*stream, 0));
    size_t next = 0;
    std::string lines;
    for (size_t window = 0; window < expected.windows.size(); ++window) {
      std::vector<std::string> rows;
      for (; rows.size() < expected.windows[window].size() && next < records.size(); ++next) {
        rows.push_back(records[next].data);
        lines += records[next].data + "\n";
      }
      std::ranges::sort(rows);
      ASSERT_EQ(rows, expected.windows[window]) << "window " << window << " of " << expected.windows.size();
    }
    ASSERT_EQ(next, records.size()) << "rows that no window gives";
    seen_.rows += next;
    TAILRACE_ASSERT_OK_AND_ASSIGN(const std::string file, ReadFile(disk_, "/data/apps/shop/counts.jsonl"));
    EXPECT_EQ(file, lines);
    observed_ += lines;
  }

  void CheckTable(const Expected& expected) {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const table::Page page, runtime_->tables().Scan("Orders", 1'000));
    std::map<std::string, std::string> items;
    for (const table::Item& item : page.items) {
      items[StrCat(item.at("Customer").number()->ToString(), "/", *item.at("Item").text())] =
          StrCat(item.at("Id").number()->ToString(), " ", item.at("Quantity").number()->ToString());
    }
    EXPECT_EQ(items, expected.items);
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto letters, runtime_->dead_letters().List("", std::nullopt, 10'000));
    std::vector<uint64_t> refused;
    for (const sink::DeadLetter& letter : letters.letters) {
      refused.push_back(static_cast<uint64_t>(*ParseInt64(letter.row_json.substr(6, letter.row_json.find(',') - 6))));
    }
    EXPECT_EQ(refused, expected.refused);
    seen_.refused += refused.size();
  }

  void CheckAlarm(const Expected& expected) {
    TAILRACE_ASSERT_OK_AND_ASSIGN(auto events, server_->alarm_store()->ListEvents({.records_max = 1'000}));
    std::ranges::reverse(events);
    std::vector<Expected::Message> messages;
    uint64_t fired = 0;
    uint64_t resolved = 0;
    for (const alarm::EventRecord& record : events) {
      const alarm::AlarmEvent& event = record.event;
      fired += event.kind == alarm::EventKind::kFired ? 1 : 0;
      resolved += event.kind == alarm::EventKind::kResolved ? 1 : 0;
      if (event.kind != alarm::EventKind::kMessage) continue;
      messages.push_back({.unix_ms = ToUnixMs(event.time),
                          .orders = static_cast<int64_t>(event.value.value_or(0)),
                          .suppressed = static_cast<int64_t>(event.rows)});
    }
    const auto equal = [&] { return messages == expected.messages; };
    EXPECT_TRUE(equal()) << messages.size() << " messages instead of " << expected.messages.size();
    EXPECT_EQ(fired, expected.fired);
    EXPECT_EQ(resolved, expected.resolved);
    EXPECT_EQ(net_.taken_by_key.size(), expected.messages.size()) << "messages that the receiver tells apart";
    for (const auto& [key, taken] : net_.taken_by_key) {
      EXPECT_FALSE(taken.repeated_needlessly) << taken.body;
      observed_ += StrCat(key, taken.times, taken.body);
      seen_.repeats += taken.times > 1 ? 1 : 0;
    }
    seen_.messages += messages.size();
  }

  void CheckHistory(const Expected& expected) {
    if (expected.messages.empty()) return;
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto rows, server_->outbox()->History("history")->NewestRows(1'000));
    std::multiset<std::pair<int64_t, int64_t>> found;
    for (const alarm::HistoryRow& row : rows) {
      found.emplace(ToUnixMs(row.time) / 1'000, static_cast<int64_t>(row.value.value_or(0)));
    }
    std::multiset<std::pair<int64_t, int64_t>> wanted;
    for (const Expected::Message& message : expected.messages) wanted.emplace(message.unix_ms / 1'000, message.orders);
    EXPECT_EQ(found, wanted);
  }

  Definition definition_;
  bool disk_troubled_ = false;
  std::unique_ptr<Runtime> runtime_;
  RunningApplication* server_ = nullptr;  // Borrowed from the runtime.
  std::shared_ptr<stream::Stream> orders_stream_;
  std::vector<std::unique_ptr<Order>> orders_;  // By id.
  std::vector<const Order*> logged_;
  uint64_t checkpoints_ = 0;
  Seen seen_;
  std::string observed_;
};

TEST(SimulationTest, C2_9_B2_14_NothingIsLostDoubledOrMadeUpWhateverHappens) {
  Seen seen;
  for (const uint64_t seed : sim::Seeds(50)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    Simulation simulation(seed);
    simulation.Run();
    if (testing::Test::HasFailure()) {
      std::cout << "To replay it: TAILRACE_SEED=" << seed << "\n";
      return;
    }
    seen.Add(simulation.seen());
  }
  std::cout << fmt::format(
      "{} starts, {} deaths of the disk, {} orders, {} rows of windows, {} refused orders, {} messages, {} of them "
      "sent "
      "again\n",
      seen.starts, seen.crashes, seen.orders, seen.rows, seen.refused, seen.messages, seen.repeats);
  if (sim::Seeds(50).size() < 50) return;
  // A world in which nothing happens proves nothing.
  EXPECT_GT(std::min({seen.crashes, seen.rows, seen.refused, seen.messages, seen.repeats}), 10u);
}

TEST(SimulationTest, ASeedReplaysExactly) {
  for (const uint64_t seed : sim::Seeds(3)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    std::vector<std::string> fingerprints;
    for (int run = 0; run < 2; ++run) {  // One after the other: there is one SQLite in a process.
      Simulation simulation(seed);
      simulation.Run();
      fingerprints.push_back(simulation.Fingerprint());
    }
    EXPECT_EQ(fingerprints[0], fingerprints[1]);
  }
}

}  // namespace
}  // namespace tailrace::app
