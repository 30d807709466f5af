#include "ingest/formats/path_tree.h"

#include <algorithm>

#include "base/str.h"

namespace tailrace::ingest {

PathNode& PathNode::Child(const std::string& name) {
  const auto found = std::ranges::find(children, name, &PathNode::key);
  if (found != children.end()) return *found;
  children.push_back(PathNode{.key = name});
  return children.back();
}

Result<PathTree> BuildPathTree(const InputSchema& schema, const std::vector<size_t>& used) {
  PathTree tree;
  TAILRACE_ASSIGN_OR_RETURN(tree.row_path, ParseJsonPath(schema.row_path));
  std::string flattened;
  for (size_t i = 0; i < used.size(); ++i) {
    const InputColumn& column = schema.columns[used[i]];
    JsonPath path{.members = {column.name}};
    if (!column.mapping.empty()) {
      Result<JsonPath> parsed = ParseJsonPath(column.mapping);
      if (!parsed.ok()) return std::move(parsed).error().Context(StrCat("column \"", column.name, "\""));
      path = std::move(parsed).value();
    }
    PathNode* node = &tree.root;
    for (size_t step = 0; step <= path.members.size(); ++step) {
      if (path.flattens() && static_cast<size_t>(path.array_after) == step) {
        if (tree.flattens && flattened != path.ArrayText()) {
          return Error{ErrorCode::kInvalidArgument,
                       StrCat("column \"", column.name, "\": a second array is flattened: ", path.ArrayText(),
                              " beside ", flattened)};
        }
        tree.flattens = true;
        flattened = path.ArrayText();
        if (node->element == nullptr) node->element = std::make_unique<PathNode>();
        node = node->element.get();
        tree.element_captures.push_back(static_cast<int>(i));
      }
      if (step < path.members.size()) node = &node->Child(path.members[step]);
    }
    node->captures.push_back(static_cast<int>(i));
  }
  return tree;
}

}  // namespace tailrace::ingest
