#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tailrace::app {

// A block at the top of a file of HashiCorp's configuration language.
//
// `body`: an attribute is its value; a block in it is an array of the bodies of all blocks of that name. What is not a
// plain text, number, truth value, list or object stands as text "${expression}", as interpolations in texts do.
struct HclBlock {
  std::string type;
  std::vector<std::string> labels;
  boost::json::object body;
};

// Errors  kInvalidArgument "line:column: message".
// Source  HCL Native Syntax Specification: bodies, literals, templates, heredocs; expressions are kept, not evaluated.
Result<std::vector<HclBlock>> ParseHcl(std::string_view text);

}  // namespace tailrace::app
