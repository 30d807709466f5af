#pragma once

#include "alarm/alarm_config.h"
#include "base/examination.h"

namespace tailrace::alarm {

// Resolve, connect, log in, find the database and the table, and whether rows may be written and read; nothing stays
// behind. The examination has begun the dependency. Blocks at most `timeout` a step.
void ExamineMysql(const MysqlHistoryTarget& target, std::chrono::milliseconds timeout, Examination& examination);

}  // namespace tailrace::alarm
