#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "api/router.h"
#include "base/str.h"

namespace tailrace::api {
namespace {

// "/api/apps/{app}/alarms" as the page writes it: every {name} is a word in capitals or a query's name.
std::string Shape(std::string_view path) {
  std::string shape;
  for (const std::string_view part : Split(path.substr(0, path.find('?')), '/')) {
    if (part.empty()) continue;
    const bool placeholder =
        part.starts_with('{') || part.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
    shape += StrCat("/", placeholder ? "*" : part);
  }
  return shape;
}

// Every "METHOD /path" in code marks of docs/http-api.md.
std::set<std::string> DocumentedRoutes() {
  std::ifstream file(std::string(TAILRACE_SOURCE_DIR) + "/docs/http-api.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string page = text.str();
  std::set<std::string> routes;
  for (const std::string_view method : {"GET", "POST", "PUT", "DELETE"}) {
    const std::string begin = StrCat("`", method, " /");
    for (size_t at = page.find(begin); at != std::string::npos; at = page.find(begin, at + 1)) {
      const size_t path = at + begin.size() - 1;
      routes.insert(StrCat(method, " ", Shape(std::string_view(page).substr(path, page.find('`', path) - path))));
    }
  }
  return routes;
}

TEST(RoutesTest, ThePageDescribesEveryRouteAndNoOther) {
  std::set<std::string> listed;
  for (const Route& route : Routes()) {
    if (route.path == "/{path*}") continue;  // The dashboard's own files.
    listed.insert(StrCat(route.method, " ", Shape(route.path)));
  }
  EXPECT_EQ(DocumentedRoutes(), listed);
}

}  // namespace
}  // namespace tailrace::api
