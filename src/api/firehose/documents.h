#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "api/aws/value.h"
#include "base/result.h"
#include "sink/delivery/delivery_streams.h"

// The JSON documents of delivery streams: what creates them, what changes them, what describes them.
namespace tailrace::api::firehose {

// A request's value as JSON. Blobs and timestamps, which these documents do not have, are null.
boost::json::value ToJson(const aws::Value& value);

// The document with an UpdateDestination request's members in it. Members of the same kind of destination are laid over
// what is there; another kind replaces it.
// Errors  kInvalidArgument: the request has no update, two, or one that turns a search destination into another.
Result<boost::json::object> MergedDocument(boost::json::object document, const boost::json::object& request);

// What DescribeDeliveryStream gives as the only destination: defaults filled in, no secrets.
boost::json::object DestinationDescription(const sink::delivery::DeliveryDescription& description,
                                           std::string_view account);

}  // namespace tailrace::api::firehose
