#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/definition.h"
#include "app/runtime.h"
#include "app/virtual_clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/net.h"
#include "base/result.h"

namespace tailrace::app {

class RunningApplication;

// How a test of an application is run; what comes out is the same in all ways.
struct TestMode {
  enum class Restart : uint8_t {
    kNever,
    kSaved,   // After every step: a checkpoint, and everything opened anew from it.
    kKilled,  // After every step: everything opened anew from the first checkpoint, as after kill -9.
  };
  std::string_view name;
  size_t batch_records = 1024;
  Restart restart = Restart::kNever;
  size_t decode_threads = 1;
  uint32_t shards = 0;         // Of input streams; 0: as configured.
  bool observe_inputs = true;  // Else only columns are decoded that the application looks at.
};
std::vector<TestMode> TestModes();

struct TestRecord {
  Timestamp time{};
  std::string partition_key;
  std::string data;
};

// An application in a world of its own: the parts of the live server over a folder that nobody else has, with a clock
// that stands, without threads, agents or network.
//
// State    In `folder`, made when missing; the caller removes it.
// Errors   Of all calls: kInvalidArgument: what the test asks for makes no sense. Others: an output or the application
//          failed.
class TestWorld {
 public:
  static Result<std::unique_ptr<TestWorld>> Open(Disk& disk, const Definition& definition, std::string folder,
                                                 Timestamp start, const TestMode& mode);
  ~TestWorld();

  // Puts the records into the input's stream, each at its time, and lets the application read them. `input` is an
  // input, one of its in-application streams, or its stream. Times do not go back.
  Status Feed(const std::string& input, const std::vector<TestRecord>& records);
  Status AdvanceTo(Timestamp time);
  Timestamp now() const { return clock_.Now(); }

  // Whether the rows of the stream can be told in this mode.
  bool Observes(const std::string& stream) const;
  // The rows that the in-application stream has had since the last call, as SQL test files write them.
  Result<std::vector<std::string>> TakeRows(const std::string& stream);
  // The records or lines that an output has written since the last call: "stream web-events", "file out.json", or the
  // last word alone.
  Result<std::vector<std::string>> TakeWritten(const std::string& output);
  // What alarms did since the last call with the same name; "": all.
  Result<std::vector<std::string>> TakeAlarmEvents(const std::string& alarm);
  // Messages since the last call with the same name, which is an alarm's or a target's; "": all.
  Result<std::vector<std::string>> TakeMessages(const std::string& name);
  // State of each key of the alarm.
  Result<std::vector<std::string>> AlarmStates(const std::string& alarm);
  Result<std::vector<std::string>> Items(const std::string& table);
  Result<std::vector<std::string>> DeadLetters();

 private:
  struct SeenRows {
    std::vector<std::string> rows;  // All, by ordinal.
    size_t taken = 0;
  };

  TestWorld(Disk& disk, std::string folder, Timestamp start, const TestMode& mode);
  Status Start();
  Status Step();
  Status Restart();
  void Observe(int stream, const data::Batch& rows, data::Ordinal first);
  Result<const InputConfig*> FindInput(const std::string& name) const;
  Status Append(stream::Stream& stream, const InputConfig& input, std::span<const TestRecord> records);
  RunningApplication& running() const;
  Result<std::string> NameAmong(std::string_view what, const std::string& name,
                                const std::vector<std::string>& names) const;

  Disk& disk_;
  const std::string folder_;
  const TestMode mode_;
  VirtualClock clock_;
  Definition definition_;                     // With outputs that stay in the folder.
  std::map<std::string, std::string> files_;  // Paths of file outputs as configured, and where they are.
  const std::unique_ptr<Net> net_;
  NullLog log_;
  MetricsRegistry metrics_;
  std::unique_ptr<Runtime> runtime_;
  std::vector<SeenRows> seen_;  // One a stream of the program.
  std::string mismatch_;        // Rows that came again and were others.
  size_t appends_ = 0;
  std::map<std::string, size_t> written_taken_;
  std::map<std::string, int64_t> events_taken_;
  std::map<std::string, int64_t> messages_taken_;
};

}  // namespace tailrace::app
