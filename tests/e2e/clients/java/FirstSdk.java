// The AWS SDK for Java 1 as the Kinesis Agent 2.0 uses it: CBOR on the wire, whatever was asked for. Prints one JSON object.
//
//   java FirstSdk ENDPOINT STREAM

import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.kinesis.AmazonKinesis;
import com.amazonaws.services.kinesis.AmazonKinesisClientBuilder;
import com.amazonaws.services.kinesis.model.GetRecordsRequest;
import com.amazonaws.services.kinesis.model.GetRecordsResult;
import com.amazonaws.services.kinesis.model.GetShardIteratorRequest;
import com.amazonaws.services.kinesis.model.PutRecordsRequest;
import com.amazonaws.services.kinesis.model.PutRecordsRequestEntry;
import com.amazonaws.services.kinesis.model.PutRecordsResult;
import com.amazonaws.services.kinesis.model.Record;
import com.amazonaws.services.kinesis.model.ResourceNotFoundException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.TimeUnit;

public final class FirstSdk {
  private static List<Record> read(AmazonKinesis kinesis, GetShardIteratorRequest from, int count) throws Exception {
    String iterator = kinesis.getShardIterator(from).getShardIterator();
    List<Record> records = new ArrayList<>();
    for (int calls = 0; records.size() < count && calls < 200; ++calls) {
      GetRecordsResult answer = kinesis.getRecords(new GetRecordsRequest().withShardIterator(iterator).withLimit(300));
      records.addAll(answer.getRecords());
      iterator = answer.getNextShardIterator();
      if (answer.getRecords().isEmpty()) TimeUnit.MILLISECONDS.sleep(20);
    }
    return records;
  }

  public static void main(String[] words) throws Exception {
    String stream = words[1];
    AmazonKinesis kinesis = AmazonKinesisClientBuilder.standard()
        .withEndpointConfiguration(new EndpointConfiguration(words[0], "eu-central-1"))
        .withCredentials(new AWSStaticCredentialsProvider(new BasicAWSCredentials("test", "test"))).build();
    String missing = "";
    try {
      kinesis.describeStream(stream);
    } catch (ResourceNotFoundException error) {
      missing = error.getErrorCode();
    }
    kinesis.createStream(stream, 1);
    while (!kinesis.describeStream(stream).getStreamDescription().getStreamStatus().equals("ACTIVE")) {
      TimeUnit.MILLISECONDS.sleep(20);
    }
    Date begin = new Date();
    List<PutRecordsRequestEntry> entries = new ArrayList<>();
    for (int i = 0; i < 500; ++i) {
      entries.add(new PutRecordsRequestEntry().withPartitionKey(Double.toString(i * 1.5))
          .withData(ByteBuffer.wrap(("line " + i + "\n").getBytes(StandardCharsets.UTF_8))));
    }
    PutRecordsResult put = kinesis.putRecords(new PutRecordsRequest().withStreamName(stream).withRecords(entries));
    String shard = put.getRecords().get(0).getShardId();
    GetShardIteratorRequest from = new GetShardIteratorRequest().withStreamName(stream).withShardId(shard)
        .withShardIteratorType("AT_TIMESTAMP").withTimestamp(begin);
    List<Record> records = read(kinesis, from, 500);
    boolean inOrder = true;
    boolean arrivedNow = true;
    for (int i = 0; i < records.size(); ++i) {
      Record record = records.get(i);
      String text = StandardCharsets.UTF_8.decode(record.getData()).toString();
      inOrder &= text.equals("line " + i + "\n")
          && record.getSequenceNumber().equals(put.getRecords().get(i).getSequenceNumber());
      long age = record.getApproximateArrivalTimestamp().getTime() - begin.getTime();
      arrivedNow &= age >= 0 && age < 60_000;
    }
    // From the middle on, by number.
    List<Record> rest = read(kinesis, new GetShardIteratorRequest().withStreamName(stream).withShardId(shard)
        .withShardIteratorType("AFTER_SEQUENCE_NUMBER")
        .withStartingSequenceNumber(put.getRecords().get(399).getSequenceNumber()), 100);
    System.out.println("{\"missing\":\"" + missing + "\",\"failed\":" + put.getFailedRecordCount() + ",\"read\":"
        + records.size() + ",\"inOrder\":" + inOrder + ",\"arrivedNow\":" + arrivedNow + ",\"rest\":" + rest.size()
        + "}");
    kinesis.deleteStream(stream);
    kinesis.shutdown();
  }
}
