#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "app/running_application.h"
#include "app/runtime.h"
#include "app/simulation_world_test.h"
#include "stream/world_test.h"

// Goal    A changed byte anywhere in the data folder is noticed and its file named, or it changes nothing; what is
//         damaged is never served as if it were good.
// Method  A server works for a while and ends. One byte of one file is changed. The server starts again, and everything
//         that it shows is compared with what it showed before, file by file, at seeded places.
//         RocksDB's files: src/table/table_damage_test.cpp. To replay one case: TAILRACE_SEED=<n>.

namespace tailrace::app {
namespace {

constexpr const char* kData = "/data";

class NoSources final : public ValueSource {
 public:
  Result<std::string> Environment(const std::string& name) override { return Error{ErrorCode::kNotFound, name}; }
  Result<std::string> FileText(const std::string& path) override { return Error{ErrorCode::kNotFound, path}; }
};

// What a server shows, by its name: a text, or the error that stands in its place.
using Shown = std::map<std::string, Result<std::string>>;

class DamageWorld : SimMachine {
 public:
  // `seed` decides what happens; `in_order`: whether the server ends in order or dies.
  DamageWorld(uint64_t seed, bool in_order) : SimMachine(seed) { Work(in_order); }
  ~DamageWorld() { Close(); }

  std::vector<std::string> Files() {
    std::vector<std::string> files;
    const std::function<void(const std::string&)> walk = [&](const std::string& folder) {
      const auto names = disk_.List(folder);
      if (!names.ok()) return;
      for (const std::string& name : *names) {
        const std::string path = StrCat(folder, "/", name);
        if (disk_.Stat(path)->is_directory) {
          walk(path);
        } else {
          files.push_back(path);
        }
      }
    };
    walk(kData);
    return files;
  }

  uint64_t SizeOf(const std::string& path) { return disk_.Stat(path)->size_bytes; }
  std::string BytesOf(const std::string& path) { return ReadFile(disk_, path).value(); }
  void Overwrite(const std::string& path, uint64_t offset, std::string_view bytes) {
    disk_.Overwrite(path, offset, bytes);
  }

  Shown Start(bool skip_damaged = false) {
    Shown shown;
    const Status opened = Open(skip_damaged);
    if (!opened.ok()) {
      shown.emplace("start", opened.error());
      return shown;
    }
    for (int round = 0; round < 5; ++round) {
      const auto stepped = server_->application().Step();
      if (!stepped.ok()) shown.insert_or_assign("application", stepped.error());
      const auto sent = server_->outbox()->Step();
      if (!sent.ok()) shown.insert_or_assign("outbox", sent.error());
      clock_.Advance(std::chrono::seconds(1));
    }
    shown.emplace("orders 0", Records("orders", 0));
    shown.emplace("orders 1", Records("orders", 1));
    shown.emplace("logged", Records("logged", 0));
    shown.emplace("counts", Records("counts", 0));
    shown.emplace("counts.jsonl", ReadFile(disk_, "/data/apps/shop/counts.jsonl"));
    shown.emplace("consumer", Consumer());
    shown.emplace("events", Events());
    shown.emplace("deliveries", Deliveries());
    shown.emplace("history", History());
    return shown;
  }

 private:
  void Work(bool in_order) {
    for (const auto& [path, text] :
         {std::pair("/app/tailrace.yaml", kSimulatedDefinition), std::pair("/app/monitor.sql", kSimulatedSql),
          std::pair("/app/agent.json", kSimulatedAgent)}) {
      TAILRACE_ASSERT_OK(website_.MakeDirectories("/app"));
      TAILRACE_ASSERT_OK(WriteFileAtomically(website_, path, text));
    }
    TAILRACE_ASSERT_OK(website_.MakeDirectories("/website"));
    NoSources sources;
    TAILRACE_ASSERT_OK_AND_ASSIGN(definition_, LoadDefinition(website_, "/app", sources));
    TAILRACE_ASSERT_OK(Open());
    std::string log;
    for (uint64_t id = 0; id < 200; ++id) {
      const Order order{.id = id, .customer = StrCat(1 + id % 4), .item = StrCat("item-", id % 3), .quantity = 3};
      if (id % 3 == 0) {
        log += order.Json() + "\n";
      } else {
        const std::string data = order.Json();
        const stream::HashKey key = id % 2 == 0 ? stream::HashKey{0} : stream::kHashKeyMax;
        TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, runtime_->streams().Find("orders"));
        const std::vector<stream::RecordInput> records = {
            {.partition_key = "k", .explicit_hash_key = key, .data = data}};
        TAILRACE_ASSERT_OK(stream->Append(records));
        TAILRACE_ASSERT_OK(stream->SaveConsumer("reader", {{0, id}, {1, id}}));
      }
      TAILRACE_ASSERT_OK_AND_ASSIGN(const auto file, website_.Open("/website/orders.log", OpenMode::kCreate));
      TAILRACE_ASSERT_OK(file->WriteAt(0, log));
      clock_.Advance(std::chrono::milliseconds(300));
      server_->agent()->Poll();
      TAILRACE_ASSERT_OK(server_->application().Step());
      if (id < 190) TAILRACE_ASSERT_OK(server_->outbox()->Step());
    }
    server_->agent()->HurryUp();
    server_->agent()->Poll();
    clock_.Advance(std::chrono::minutes(1));
    TAILRACE_ASSERT_OK(server_->application().Step());
    TAILRACE_ASSERT_OK(server_->application().MakeCheckpoint());
    TAILRACE_ASSERT_OK(server_->agent()->Checkpoint());
    if (!in_order) {
      disk_.SetFaults({.ops_before_crash = 0});
      disk_.OtherOperation().Ignore("it dies");
    }
    Close();
    disk_.Restart(sim::Outage::kProcessKilled);
  }

  Status Open(bool skip_damaged = false) {
    RuntimeOptions options{.data_folder = kData, .skip_damaged = skip_damaged};
    options.simulation = RuntimeOptions::Simulation{
        [this]() -> Result<std::unique_ptr<table::KeyValueStore>> { return tables_.Open(); }};
    TAILRACE_ASSIGN_OR_RETURN(runtime_, Runtime::Open(std::move(options), {disks_, clock_, net_, log_, metrics_, 7}));
    TAILRACE_TRY(runtime_->AddApplication(definition_));
    server_ = runtime_->FindApplication("shop").get();
    return Ok();
  }

  void Close() {
    server_ = nullptr;
    runtime_.reset();
  }

  Result<std::string> Records(const std::string& name, stream::ShardId shard) {
    TAILRACE_ASSIGN_OR_RETURN(const auto stream, runtime_->streams().Find(name));
    TAILRACE_ASSIGN_OR_RETURN(const auto records, stream::ReadAll(*stream, shard));
    std::string text;
    for (const auto& record : records) {
      text += StrCat(record.sequence, " ", record.arrival_unix_ms, " ", record.partition_key, " ", record.data, "\n");
    }
    return text;
  }
  Result<std::string> Consumer() {
    TAILRACE_ASSIGN_OR_RETURN(const auto stream, runtime_->streams().Find("orders"));
    TAILRACE_ASSIGN_OR_RETURN(const auto positions, stream->LoadConsumer("reader"));
    std::string text;
    for (const auto& [shard, sequence] : positions) text += StrCat(shard, " ", sequence, "\n");
    return text;
  }
  Result<std::string> Events() {
    TAILRACE_ASSIGN_OR_RETURN(const auto events, server_->alarm_store()->ListEvents({.records_max = 1'000}));
    std::string text;
    for (const auto& [id, alarm, event] : events) {
      text += StrCat(id, " ", alarm, " ", static_cast<int>(event.kind), " ", ToUnixMs(event.time), " ", event.ordinal,
                     " ", event.value.value_or(0), " ", event.rows, " ", event.max.value_or(0), "\n");
    }
    return text;
  }
  Result<std::string> Deliveries() {
    TAILRACE_ASSIGN_OR_RETURN(const auto deliveries, server_->alarm_store()->ListDeliveries({.records_max = 1'000}));
    std::string text;
    for (const auto& delivery : deliveries) {
      text += StrCat(delivery.id, " ", delivery.alarm, " ", delivery.target, " ", static_cast<int>(delivery.state), " ",
                     ToUnixMs(delivery.time), " ", delivery.subject, " ", delivery.text, "\n");
    }
    return text;
  }
  Result<std::string> History() {
    TAILRACE_ASSIGN_OR_RETURN(const auto rows, server_->outbox()->History("history")->NewestRows(1'000));
    std::string text;
    for (const auto& row : rows) text += StrCat(ToUnixMs(row.time), " ", row.value.value_or(0), "\n");
    return text;
  }

  Definition definition_;
  std::unique_ptr<Runtime> runtime_;
  RunningApplication* server_ = nullptr;
};

// What may change unnoticed, as its file has no checksums: SQLite's rows (and the end of its log, which looks like one
// that was torn), and the lines of an output file.
bool MayChange(const std::string& file, const std::string& what) {
  if (file.find(".sqlite") != std::string::npos) return what == "events" || what == "deliveries" || what == "history";
  return file.ends_with(".jsonl") && what == "counts.jsonl";
}

// A damaged last frame of a server that died looks like one that was torn before its append was answered: it is cut
// off.
bool CutAsTorn(const std::string& file, std::string_view before, std::string_view after) {
  return file.ends_with(".segment") && before.starts_with(after) &&
         std::ranges::count(before, '\n') == std::ranges::count(after, '\n') + 1;
}

class DamageTest : public ::testing::TestWithParam<bool> {};

TEST_P(DamageTest, AChangedByteIsNoticedAndItsFileNamedOrChangesNothing) {
  const bool in_order = GetParam();
  std::vector<std::string> files;
  Shown before;
  {
    DamageWorld world(1, in_order);
    ASSERT_FALSE(testing::Test::HasFailure());
    files = world.Files();
    before = world.Start();
  }
  for (const auto& [what, text] : before) {
    ASSERT_TRUE(text.ok()) << what << ": " << text.error().ToString();
    ASSERT_FALSE(text->empty()) << what;
  }
  std::map<std::string, int> noticed;  // By file.
  for (const uint64_t seed : sim::Seeds(120)) {
    Rng rng(seed);
    const std::string& file = files[seed % files.size()];
    DamageWorld world(1, in_order);
    const uint64_t size = world.SizeOf(file);
    if (size == 0) continue;
    // Most of a segment is empty: one half of the places lies where there is something.
    uint64_t offset = rng.Below(size);
    const std::string bytes = world.BytesOf(file);
    for (int tries = 0; tries < 1'000 && bytes[offset] == '\0' && seed % 2 == 0; ++tries) offset = rng.Below(size);
    const char changed = static_cast<char>(bytes[offset] ^ (1 << rng.Below(8)));
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed, ": ", file, " at ", offset, " of ", size));
    world.Overwrite(file, offset, std::string_view(&changed, 1));
    const Shown after = world.Start();
    const std::string name = file.substr(file.rfind('/') + 1);
    for (const auto& [what, text] : after) {
      if (text.ok()) {
        const std::string& good = *before.at(what);
        EXPECT_TRUE(MayChange(file, what) || *text == good || (!in_order && CutAsTorn(file, good, *text)))
            << what << " is served though it is damaged";
        continue;
      }
      ++noticed[file];
      EXPECT_NE(text.error().message.find(name.substr(0, name.find("-wal"))), std::string::npos)
          << what << " fails without naming the file: " << text.error().ToString();
    }
  }
  if (sim::Seeds(120).size() < 120) return;
  // A test that notices nothing proves nothing.
  for (const std::string& file : files) {
    if (file.ends_with("/checkpoint") || file.ends_with(".meta") || file.ends_with("/told-time") ||
        file.ends_with(".position")) {
      EXPECT_GT(noticed[file], 0) << file;
    }
  }
}

// It belongs to the whole server, so it must not keep applications from starting that are not damaged.
TEST_P(DamageTest, ADamagedToldTimeIsPutAsideWhenTheUserSaysSo) {
  const Shown good = DamageWorld(1, GetParam()).Start();
  DamageWorld world(1, GetParam());
  world.Overwrite("/data/told-time", 12, "?");
  const Shown refused = world.Start();
  ASSERT_TRUE(refused.contains("start"));
  EXPECT_NE(refused.at("start").error().message.find("/data/told-time"), std::string::npos);

  const Shown shown = world.Start(true);
  EXPECT_EQ(shown.size(), good.size());
  for (const auto& [what, text] : shown) {
    ASSERT_TRUE(text.ok()) << what << ": " << text.error().ToString();
    EXPECT_EQ(*text, *good.at(what)) << what;
  }
  EXPECT_EQ(world.BytesOf("/data/told-time.damaged")[12], '?');
  EXPECT_FALSE(world.Start().contains("start"));
}

INSTANTIATE_TEST_SUITE_P(Ends, DamageTest, testing::Values(true, false));

}  // namespace
}  // namespace tailrace::app
