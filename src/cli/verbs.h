#pragma once

#include "cli/verb.h"

namespace tailrace::cli {

// Each in the file of its name; verbs.cpp lists them.
extern const Verb kAgentVerb;
extern const Verb kAlarmExplainVerb;
extern const Verb kAlarmHistoryVerb;
extern const Verb kAlarmListVerb;
extern const Verb kBackupVerb;
extern const Verb kCheckVerb;
extern const Verb kCompletionVerb;
extern const Verb kConfigurationVerb;
extern const Verb kDeadLetterListVerb;
extern const Verb kDeadLetterRedriveVerb;
extern const Verb kDiscoverVerb;
extern const Verb kDoctorVerb;
extern const Verb kExplainVerb;
extern const Verb kFunctionsVerb;
extern const Verb kGenerateAccessVerb;
extern const Verb kGenerateOrdersVerb;
extern const Verb kImportVerb;
extern const Verb kManVerb;
extern const Verb kReloadVerb;
extern const Verb kReplayVerb;
extern const Verb kQueryVerb;
extern const Verb kRestoreVerb;
extern const Verb kRunVerb;
extern const Verb kStreamDescribeVerb;
extern const Verb kStreamGetVerb;
extern const Verb kStreamListVerb;
extern const Verb kStreamPutVerb;
extern const Verb kTableGetVerb;
extern const Verb kTableQueryVerb;
extern const Verb kTableScanVerb;
extern const Verb kTailVerb;
extern const Verb kTestVerb;
extern const Verb kVersionVerb;

}  // namespace tailrace::cli
