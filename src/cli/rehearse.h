#pragma once

#include "cli/verb.h"

namespace tailrace::cli {

// `tailrace replay APP`: past records through an application's SQL and alarms.
int RunRehearsal(const Arguments& arguments, const Context& context);

}  // namespace tailrace::cli
