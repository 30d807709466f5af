resource "aws_s3_bucket" "archive" { bucket = "shop-archive" }
resource "aws_kinesis_stream" "orders" { name = "orders" }
resource "aws_kinesis_firehose_delivery_stream" "web" {
  name        = "web-access"
  destination = "extended_s3"
  kinesis_source_configuration {
    kinesis_stream_arn = aws_kinesis_stream.orders.arn
    role_arn           = "r"
  }
  extended_s3_configuration {
    bucket_arn         = aws_s3_bucket.archive.arn
    role_arn           = "r"
    buffering_size     = 2
    buffering_interval = 90
    compression_format = "GZIP"
    prefix             = "web/"
    processing_configuration {
      enabled = true
      processors {
        type = "AppendDelimiterToRecord"
        parameters {
          parameter_name  = "Delimiter"
          parameter_value = "\\n"
        }
      }
    }
  }
}
resource "aws_kinesis_analytics_application" "app" {
  name = "shop"
  code = "CREATE STREAM OUT (n INTEGER); CREATE PUMP P AS INSERT INTO OUT SELECT STREAM \"n\" FROM IN_001;"
  inputs {
    name_prefix = "IN"
    kinesis_stream {
      resource_arn = aws_kinesis_stream.orders.arn
      role_arn     = "r"
    }
    schema {
      record_columns {
        name     = "n"
        sql_type = "INTEGER"
        mapping  = "$.n"
      }
      record_format {
        mapping_parameters {
          json { record_row_path = "$" }
        }
      }
    }
  }
}
