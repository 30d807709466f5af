#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/import/imported.h"
#include "base/result.h"

// The documents that describe applications of the service, brought to one form.
namespace tailrace::app {

inline constexpr size_t kImportBytesMax = 16 << 20;
inline constexpr int kImportDepthMax = 100;         // Levels of a document, and of references to references.
inline constexpr size_t kImportNodesMax = 200'000;  // Of a document, aliases followed.

// An application in the form of the service's API: ApplicationName, ApplicationCode, Inputs, Outputs,
// ReferenceDataSources, or the names that the second version and descriptions have for them.
struct ServiceApplication {
  std::string place;  // "Resources.App", in front of faults.
  boost::json::value value;
};

// A delivery stream, as CreateDeliveryStream of the Firehose API has it.
struct DescribedDelivery {
  std::string name;
  boost::json::value document;
};

struct ServiceDocument {
  std::vector<ServiceApplication> applications;
  std::vector<ImportedStream> streams;              // That the document makes itself,
  std::vector<DescribedDelivery> delivery_streams;  // and these.
  ImportNotes notes;
};

// Values that the caller sets: parameters of a template, variables of a Terraform file.
using ImportParameters = std::vector<std::pair<std::string, std::string>>;

// Gives the text of a file beside the imported one. Errors: those of the disk.
using ReadNeighbour = std::function<Result<std::string>(const std::string& path)>;

// The text as JSON values. In YAML every scalar is text, and a tag !Sub x is {"Fn::Sub": x}.
// Errors  kInvalidArgument "line:column: message".
Result<boost::json::value> ParseJsonDocument(std::string_view text);
Result<boost::json::value> ParseYamlDocument(std::string_view text);

// A CloudFormation template, functions resolved. `stem` stands for the name of the stack.
// Errors  kInvalidArgument.
Result<ServiceDocument> ReadCloudFormation(const boost::json::value& document, const std::string& stem,
                                           const ImportParameters& parameters);

// A Terraform file. Errors: kInvalidArgument "line:column: message".
Result<ServiceDocument> ReadTerraform(std::string_view text, const ImportParameters& parameters,
                                      const ReadNeighbour& read);

// One application of the service in Tailrace's terms.
// Errors  kInvalidArgument, one line a fault, each with its path.
Result<ImportedApplication> TranslateApplication(const ServiceApplication& application,
                                                 const std::vector<ImportedStream>& streams,
                                                 const std::vector<DescribedDelivery>& delivery_streams,
                                                 ImportNotes& notes);

// Text of a string, number or truth value; nothing of anything else.
std::string TextOf(const boost::json::value& value);
// The member at the end of the path; null when there is none.
const boost::json::value* Find(const boost::json::value& value, std::initializer_list<std::string_view> path);
std::string TextAt(const boost::json::value& value, std::initializer_list<std::string_view> path);

}  // namespace tailrace::app
