#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/definition.h"
#include "app/sim_tables_test.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/net.h"
#include "base/rng.h"
#include "base/str.h"
#include "sim/sim.h"
#include "sim/sim_sqlite.h"
#include "stream/world_test.h"

// The world that the simulation of a whole server lives in. Only the simulation includes it.
namespace tailrace::app {

// Sends some folders to a disk that never fails: the website's own files, on a machine that does not go down with ours.
class TwoDisks final : public Disk {
 public:
  TwoDisks(Disk& ours, Disk& theirs) : ours_(ours), theirs_(theirs) {}
  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    return Of(path).Open(path, mode);
  }
  Result<FileInfo> Stat(const std::string& path) override { return Of(path).Stat(path); }
  Result<std::vector<std::string>> List(const std::string& directory) override { return Of(directory).List(directory); }
  Status MakeDirectories(const std::string& path) override { return Of(path).MakeDirectories(path); }
  Status Remove(const std::string& path) override { return Of(path).Remove(path); }
  Status Rename(const std::string& from, const std::string& to) override { return Of(from).Rename(from, to); }
  Status SyncDirectory(const std::string& path) override { return Of(path).SyncDirectory(path); }

 private:
  Disk& Of(const std::string& path) {
    return path.starts_with("/website") || path.starts_with("/app") ? theirs_ : ours_;
  }
  Disk& ours_;
  Disk& theirs_;
};

// Whoever gets the alarms: sometimes away, slow, or cut off after it has taken a message and before it could say so.
class SimNet final : public Net {
 public:
  SimNet(sim::SimClock& clock, Rng rng) : clock_(clock), rng_(rng) {}

  struct Taken {
    std::string body;  // Of the first time.
    int times = 0;
    bool answered = false;             // We were told.
    uint64_t told_in_life = 0;         // When we were told last.
    bool repeated_needlessly = false;  // It came again though we had been told and had not died since.
  };

  Result<HttpResponse> Http(const HttpRequest& request) override {
    if (rng_.Chance(trouble / 2)) return Error{ErrorCode::kUnavailable, "no connection"};
    if (rng_.Chance(trouble / 3)) clock_.Advance(std::chrono::milliseconds(rng_.Below(9'000)));
    if (rng_.Chance(trouble / 3)) return HttpResponse{.status = rng_.Chance(0.5) ? 503 : 429};
    std::string key;
    for (const auto& [name, value] : request.headers) {
      if (name == "Idempotency-Key") key = value;
    }
    Taken& taken = taken_by_key[key];
    if (taken.times++ == 0) taken.body = request.body;
    taken.repeated_needlessly |= taken.answered && taken.told_in_life == life && !marks_may_fail;
    if (rng_.Chance(trouble / 3)) return Error{ErrorCode::kTimeout, "no answer in time"};
    taken.answered = true;
    taken.told_in_life = life;
    return HttpResponse{.status = 200};
  }
  Status SendMail(const MailServer&, const Mail&) override {
    return Error{ErrorCode::kInvalidArgument, "no mail in this world"};
  }

  double trouble = 0;           // 0 to 1.
  uint64_t life = 0;            // Of the server that calls.
  bool marks_may_fail = false;  // Its disk fails now and then, so it may forget what it was told.
  std::map<std::string, Taken> taken_by_key;

 private:
  sim::SimClock& clock_;
  Rng rng_;
};

// Everything outside a simulated server. All its chances come from one seed.
class SimMachine {
 protected:
  explicit SimMachine(uint64_t seed)
      : rng_(seed),
        disk_(rng_.Fork()),
        website_(rng_.Fork()),
        disks_(disk_, website_),
        net_(clock_, rng_.Fork()),
        sqlite_(disk_, clock_, rng_.Fork()),
        tables_(disk_, rng_.Fork()) {}

  Rng rng_;
  sim::SimClock clock_{FromUnixMs(stream::kTestStartUnixMs)};
  sim::SimDisk disk_;
  sim::SimDisk website_;
  TwoDisks disks_;
  SimNet net_;
  NullLog log_;
  MetricsRegistry metrics_;
  sim::SimSqlite sqlite_;
  SimTables tables_;
};

// One record that was given to the server: as a client's put or as a line of the website's log.
struct Order {
  uint64_t id = 0;
  std::string customer;  // A number, or not: then the table does not take it.
  std::string item;
  int64_t quantity = 0;
  bool readable = true;  // Else the record is no JSON.
  bool acknowledged = false;

  std::string Json() const {
    if (!readable) return StrCat("{\"ID\":", id, ",broken");
    return StrCat("{\"ID\":", id, ",\"CUSTOMER\":\"", customer, "\",\"ITEM\":\"", item, "\",\"QUANTITY\":", quantity,
                  "}");
  }
};

inline constexpr const char* kSimulatedDefinition = R"(
name: shop
streams:
  orders: {shards: 2, retention: 8760h}
  logged: {shards: 1, retention: 8760h}
  counts: {shards: 1, retention: 8760h}
agent: agent.json
inputs:
  ORDERS:
    stream: orders
    format: json
    columns: &columns
      - {name: ID, type: BIGINT, path: $.ID}
      - {name: CUSTOMER, type: VARCHAR(16), path: $.CUSTOMER}
      - {name: ITEM, type: VARCHAR(16), path: $.ITEM}
      - {name: QUANTITY, type: INTEGER, path: $.QUANTITY}
  LOGGED:
    stream: logged
    format: json
    columns: *columns
sql: monitor.sql
tables:
  Orders: {key: [Customer NUMBER, Item STRING]}
outputs:
  - from: ALL_ORDERS
    table: Orders
    item: {Customer: {number: CUSTOMER}, Item: ITEM, Id: ID, Quantity: QUANTITY}
  - {from: COUNTS, stream: counts}
  - {from: COUNTS, file: counts.jsonl}
  - {from: FLOOD, alarm: flood}
alarms:
  flood:
    notify: {subject: Flood, message: "${ORDERS} orders", digest: "", min_interval: 20s, to: [hook]}
    resolve_after: 10s
    value: ORDERS
    history: {to: history, mode: per_message}
targets:
  hook: {webhook: {url: "http://hook/"}, retry_first: 500ms, retry_max: 5s}
  history: {sqlite: {table: logs_history}}
checkpoint_interval: 1s
)";

inline constexpr const char* kSimulatedSql = R"(
CREATE OR REPLACE STREAM ALL_ORDERS (ID BIGINT, CUSTOMER VARCHAR(16), ITEM VARCHAR(16), QUANTITY INTEGER);
CREATE OR REPLACE PUMP P1 AS INSERT INTO ALL_ORDERS SELECT STREAM ID, CUSTOMER, ITEM, QUANTITY FROM ORDERS_001;
CREATE OR REPLACE PUMP P2 AS INSERT INTO ALL_ORDERS SELECT STREAM ID, CUSTOMER, ITEM, QUANTITY FROM LOGGED_001;
CREATE OR REPLACE STREAM COUNTS (CUSTOMER VARCHAR(16), ORDERS INTEGER, PIECES INTEGER);
CREATE OR REPLACE PUMP P3 AS INSERT INTO COUNTS
  SELECT STREAM CUSTOMER, COUNT(*), SUM(QUANTITY) FROM ALL_ORDERS
  GROUP BY CUSTOMER, STEP(ALL_ORDERS.ROWTIME BY INTERVAL '10' SECOND);
CREATE OR REPLACE STREAM FLOOD (ORDERS INTEGER);
CREATE OR REPLACE PUMP P4 AS INSERT INTO FLOOD
  SELECT STREAM ORDERS FROM (SELECT STREAM COUNT(*) OVER W5 AS ORDERS FROM ALL_ORDERS
                             WINDOW W5 AS (RANGE INTERVAL '5' SECOND PRECEDING))
  WHERE ORDERS >= 12;
)";

inline constexpr const char* kSimulatedAgent = R"({
  "cloudwatch.emitMetrics": false,
  "flows": [{"filePattern": "/website/*.log", "kinesisStream": "logged", "initialPosition": "START_OF_FILE",
             "maxBufferAgeMillis": "1000"}]
})";

inline constexpr int64_t kWindowMs = 10'000;
inline constexpr int64_t kFloodMs = 5'000;
inline constexpr int64_t kFloodOrders = 12;
inline constexpr int64_t kMinIntervalMs = 20'000;
inline constexpr int64_t kResolveAfterMs = 10'000;

}  // namespace tailrace::app
