#include <gtest/gtest.h>

#include "base/os/posix_disk.h"
#include "base/str.h"
#include "ingest/agent/agent_config.h"
#include "sim/assert_ok.h"

namespace tailrace::ingest {
namespace {

TEST(AgentDocsTest, EveryKeyIsDescribed) {
  PosixDisk disk;
  TAILRACE_ASSERT_OK_AND_ASSIGN(const std::string page, ReadFile(disk, StrCat(TAILRACE_SOURCE_DIR, "/docs/agent.md")));
  for (const auto& keys : {GlobalKeys(), FlowKeys(), ProcessingKeys()}) {
    for (const AgentKey& key : keys) {
      EXPECT_NE(page.find(StrCat("`", key.name)), std::string::npos) << key.name;
      for (const std::string_view choice : Split(key.choices, ' ')) {
        if (choice == "USINGPLUGIN" || choice == "COMPACT" || choice.empty()) continue;
        EXPECT_NE(page.find(choice), std::string::npos) << key.name << " " << choice;
      }
    }
  }
}

}  // namespace
}  // namespace tailrace::ingest
