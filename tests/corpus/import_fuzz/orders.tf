# The order flood of a shop, as Terraform makes it.
variable "stage" {
  default = "test"
}

locals {
  stream = "orders-${var.stage}"
}

resource "aws_kinesis_stream" "orders" {
  name             = local.stream
  shard_count      = 3
  retention_period = 72
}

resource "aws_kinesis_firehose_delivery_stream" "archive" {
  name = "archive"
}

resource "aws_kinesis_analytics_application" "flood" {
  name = "order-flood"

  inputs {
    name_prefix = "SOURCE_SQL_STREAM"

    kinesis_stream {
      resource_arn = aws_kinesis_stream.orders.arn
      role_arn     = aws_iam_role.analytics.arn
    }

    parallelism {
      count = 1
    }

    schema {
      record_columns {
        name     = "InvoiceNo"
        sql_type = "VARCHAR(16)"
      }
      record_columns {
        name     = "Quantity"
        sql_type = "INTEGER"
      }
      record_encoding = "UTF-8"

      record_format {
        mapping_parameters {
          csv {
            record_column_delimiter = "|"
            record_row_delimiter    = "\n"
          }
        }
      }
    }

    starting_position_configuration {
      starting_position = "NOW"
    }
  }

  outputs {
    name = "ALARM_STREAM"
    schema {
      record_format_type = "CSV"
    }
    kinesis_firehose {
      resource_arn = aws_kinesis_firehose_delivery_stream.archive.arn
      role_arn     = aws_iam_role.analytics.arn
    }
  }

  reference_data_sources {
    table_name = "Countries"
    schema {
      record_columns {
        name     = "Code"
        sql_type = "VARCHAR(4)"
      }
      record_columns {
        name     = "Label, long"
        sql_type = "VARCHAR(64)"
      }
      record_format {
        mapping_parameters {
          csv {
            record_column_delimiter = ","
            record_row_delimiter    = "\n"
          }
        }
      }
    }
    s3 {
      bucket_arn = "arn:aws:s3:::lists"
      file_key   = "countries.csv"
      role_arn   = aws_iam_role.analytics.arn
    }
  }

  code = <<-SQL
    CREATE OR REPLACE STREAM "ALARM_STREAM" (order_count INTEGER);
    CREATE OR REPLACE PUMP "ALARM_PUMP" AS INSERT INTO "ALARM_STREAM"
      SELECT STREAM COUNT(*) FROM "SOURCE_SQL_STREAM_001"
      GROUP BY STEP("SOURCE_SQL_STREAM_001".ROWTIME BY INTERVAL '15' SECOND)
      HAVING COUNT(*) >= 30;
  SQL
}
