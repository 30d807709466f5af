#pragma once

#include <string>
#include <string_view>

namespace tailrace::ingest {

// Makes legal JSON of what log writers produce, where that can be done without guessing structure:
//   \xHH as Apache writes it   the byte: as UTF-8 together with its neighbours, else as the Latin-1 character
//   other illegal escapes      a backslash and the character; \v is the vertical tab
//   raw control characters     inside strings, their \u escapes
//   invalid UTF-8              U+FFFD
// Anything else is left alone, so the result may still not parse.
std::string RepairJson(std::string_view text);

// Bytes of the first JSON value in `text`, white space before it included: brackets and strings are matched, nothing
// else is checked. 0 when there is no whole value.
size_t FirstDocumentBytes(std::string_view text);

// Offset of the next line after `text`'s first one that begins with { or [; text.size() when there is none. Where
// reading goes on after a broken document.
size_t NextDocumentLine(std::string_view text);

// Unescapes \xHH, \", \\, \n, \t ... as Apache writes them in its logs. Source: ap_escape_logitem of httpd 2.4.
std::string UnescapeApache(std::string_view text);

}  // namespace tailrace::ingest
