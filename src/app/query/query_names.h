#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/formats/input_schema.h"

namespace tailrace::app {

// Names that stand after FROM and JOIN in the SQL and are no streams that it makes: what a query over files calls them.
// As stored: folded to upper case unless quoted.
std::vector<std::string> NamesAfterFrom(std::string_view sql);

// Makes the found columns easy to name in a query. A column can be written without quotes whatever its case in the
// file, or with quotes exactly as it is there; texts and numbers get the widest type of their kind, because only the
// first lines were seen; an access log has those parts and other names of its fields that the SQL mentions
// ("client_ip", "status", "path").
void PrepareColumns(std::string_view sql, ingest::InputSchema& schema);

// How the files call a column: "client_ip" for CLIENT_IP; the name itself when it is no column of theirs.
std::string NameInFile(const ingest::InputSchema& schema, const std::string& name);

}  // namespace tailrace::app
