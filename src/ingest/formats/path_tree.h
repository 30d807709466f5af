#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/formats/input_schema.h"
#include "ingest/formats/json_path.h"

namespace tailrace::ingest {

// The used paths of a schema as one tree, so that a document is walked once.
struct PathNode {
  std::string key;            // Member name; empty at a root.
  std::vector<int> captures;  // Indices into RowBuilder::values() that take this node's value.
  std::vector<PathNode> children;
  // Set at the one array that is flattened: the tree of each element.
  std::unique_ptr<PathNode> element;

  PathNode& Child(const std::string& name);
  bool leaf() const { return children.empty() && element == nullptr; }
};

struct PathTree {
  PathNode root;
  bool flattens = false;
  JsonPath row_path;
  // Captures that belong to the flattened array's elements: they are cleared for every element.
  std::vector<int> element_captures;
};

// `used` are indices of the schema's columns, in the order of RowBuilder::values().
// Errors: kInvalidArgument: a path outside the subset, two flattened arrays.
Result<PathTree> BuildPathTree(const InputSchema& schema, const std::vector<size_t>& used);

}  // namespace tailrace::ingest
