#include "cli/verbs.h"

namespace tailrace::cli {

std::span<const Verb> Verbs() {
  static const Verb verbs[] = {
      kRunVerb,
      kCheckVerb,
      kReloadVerb,
      kTestVerb,
      kDoctorVerb,
      kBackupVerb,
      kRestoreVerb,
      kReplayVerb,
      kQueryVerb,
      kExplainVerb,
      kDiscoverVerb,
      kImportVerb,
      kAgentVerb,
      kTailVerb,
      kStreamListVerb,
      kStreamDescribeVerb,
      kStreamPutVerb,
      kStreamGetVerb,
      kTableGetVerb,
      kTableQueryVerb,
      kTableScanVerb,
      kAlarmListVerb,
      kAlarmHistoryVerb,
      kAlarmExplainVerb,
      kDeadLetterListVerb,
      kDeadLetterRedriveVerb,
      kGenerateOrdersVerb,
      kGenerateAccessVerb,
      kFunctionsVerb,
      kConfigurationVerb,
      kCompletionVerb,
      kManVerb,
      kVersionVerb,
  };
  return verbs;
}

}  // namespace tailrace::cli
