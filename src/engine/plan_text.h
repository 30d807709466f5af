#pragma once

#include <string>

#include "sql/plan.h"

namespace tailrace::engine {

// Identifies what a pump computes: equal plans over equal streams into equal targets have equal fingerprints, in every
// version that keeps the meaning of saved states. 32 hexadecimal digits.
std::string Fingerprint(const sql::BoundProgram& program, const sql::PlanNode& plan, const data::Schema* target);

// Of the shape of a stream.
std::string Fingerprint(const data::Schema& schema);

}  // namespace tailrace::engine
