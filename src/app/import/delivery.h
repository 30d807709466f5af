#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "app/import/document.h"
#include "app/import/imported.h"
#include "sink/delivery/definition.h"

namespace tailrace::app {

// The delivery stream in our own terms; buckets become folders below archive/ of the application's data. What the
// document asks for in vain is noted; one that makes no sense is kept as an archive of its records, and noted.
sink::delivery::DeliveryDefinition TranslateDelivery(const DescribedDelivery& described, ImportNotes& notes);

// A delivery stream that is only named.
sink::delivery::DeliveryDefinition UnknownDelivery(const std::string& name, ImportNotes& notes);

// Its lines under delivery_streams. Secrets are not written: they come from the environment.
std::string DeliveryLines(const sink::delivery::DeliveryDefinition& definition);

// The body of a Terraform resource aws_kinesis_firehose_delivery_stream as the Firehose API has it.
boost::json::value FirehoseDocumentOf(const boost::json::value& body, const std::string& name);

}  // namespace tailrace::app
