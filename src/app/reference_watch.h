#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/definition.h"
#include "app/reference_table.h"
#include "base/background_task.h"
#include "base/clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/net.h"
#include "base/result.h"

namespace tailrace::app {

struct ReferenceStatus {
  std::string name;
  std::string place;  // The path, "s3://bucket/key".
  bool loaded = false;
  uint64_t rows = 0;
  Timestamp since{};  // When these rows came into force; zero as long as none are.
  std::string error;  // Of the last look; the rows in use stay.
};

// The reference tables of one running application: reads them, and notices when a file or an object has changed.
//
// An object that cannot be read when the application begins is replaced by the copy of the last one that could; without
// a copy the application waits, since rows that are joined with nothing would be wrong for ever.
//
// State    FOLDER/references/NAME, one copy an object: docs/data-folder.md.
// Threads  One owner. Sources are read by `reader`, one look at a time; without one, by Step itself.
class ReferenceWatch {
 public:
  struct Environment {
    Disk& disk;
    Net& net;
    const Clock& clock;
    Log& log;
    MetricsRegistry& metrics;
    std::string folder;
    BackgroundTask* reader = nullptr;
  };
  // A table and its new rows.
  using Replace = std::function<Status(int table, data::Batch rows)>;

  // Tables with files begin with the rows of the definition.
  ReferenceWatch(const Definition& definition, Environment environment);
  ~ReferenceWatch();  // Waits for the reader.
  ReferenceWatch(const ReferenceWatch&) = delete;
  ReferenceWatch& operator=(const ReferenceWatch&) = delete;

  // Gives `replace` what has been read since the last call, and begins to read what is due. Errors: those of `replace`.
  Status Step(Timestamp now, const Replace& replace);
  // Every table has rows.
  bool ready() const;
  // When Step has something to do; nothing without tables.
  std::optional<Timestamp> NextLook(Timestamp now) const;
  const std::vector<ReferenceStatus>& status() const { return status_; }

 private:
  struct Read {
    size_t table = 0;
    std::string version;              // Empty: as known, or not known.
    std::optional<data::Batch> rows;  // None: still of the known version, or an error.
    std::string error;
  };
  struct Watched {
    std::unique_ptr<ReferenceSource> source;
    ingest::InputSchema schema;
    std::string copy_file;  // Empty for files.
    Milliseconds refresh{};
    std::string version;       // Of the content that was read last, good or bad.
    bool version_bad = false;  // It is no table.
    std::optional<Timestamp> looked;
    Gauge* rows = nullptr;
    Gauge* failing = nullptr;
  };

  void Begin(Timestamp now);
  Read Look(size_t table, const std::string& known_version, bool loaded);
  Read LookAtCopy(size_t table, Read failed);
  void Keep(size_t table, const ReferenceContent& content);
  Milliseconds Interval(size_t table) const;

  const Environment environment_;
  std::vector<Watched> watched_;
  std::vector<ReferenceStatus> status_;
  bool reading_ = false;
  std::vector<Read> reads_;  // The reader's while it runs.
};

}  // namespace tailrace::app
