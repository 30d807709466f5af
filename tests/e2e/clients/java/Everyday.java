// The everyday work of a Java shop: records through the Kinesis Producer Library (its native daemon, aggregated), read by
// the Kinesis Client Library over a split, by polling (CBOR) or by subscriptions (HTTP/2). Prints one JSON object.
//
//   java Everyday TLS_PORT DYNAMODB_URL STREAM polling|fanout

import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import com.google.common.util.concurrent.ListenableFuture;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.MetricsLevel;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordResult;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.fanout.FanOutConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

public final class Everyday {
  private static final StaticCredentialsProvider KEYS =
      StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"));
  private static final int KEY_COUNT = 40;
  private static final Map<String, List<Integer>> received = new ConcurrentHashMap<>();
  private static final Map<String, Boolean> shardsEnded = new ConcurrentHashMap<>();
  private static volatile boolean aggregatedSeen = false;

  // Keeps what it is given, in order.
  private static final class Keeper implements ShardRecordProcessor {
    private String shard;

    @Override
    public void initialize(InitializationInput input) {
      shard = input.shardId();
    }

    @Override
    public void processRecords(ProcessRecordsInput input) {
      for (KinesisClientRecord record : input.records()) {
        aggregatedSeen |= record.aggregated();
        String text = StandardCharsets.UTF_8.decode(record.data().duplicate()).toString();
        List<Integer> numbers = received.computeIfAbsent(record.partitionKey(), key -> new ArrayList<>());
        synchronized (numbers) {
          numbers.add(Integer.parseInt(text.trim()));
        }
      }
      checkpoint(() -> input.checkpointer().checkpoint());
    }

    @Override
    public void leaseLost(LeaseLostInput input) {}

    @Override
    public void shardEnded(ShardEndedInput input) {
      shardsEnded.put(shard, true);
      checkpoint(() -> input.checkpointer().checkpoint());
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
      checkpoint(() -> input.checkpointer().checkpoint());
    }

    private interface Step {
      void run() throws Exception;
    }

    private void checkpoint(Step step) {
      try {
        step.run();
      } catch (Exception error) {
        throw new IllegalStateException(error);
      }
    }
  }

  private static void waitFor(String what, Duration limit, BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("waited in vain for " + what + "; received " + count() + " records");
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  private static int count() {
    return received.values().stream().mapToInt(List::size).sum();
  }

  private static void waitActive(KinesisAsyncClient kinesis, String stream) throws InterruptedException {
    waitFor("the stream to be active", Duration.ofSeconds(20), () ->
        kinesis.describeStreamSummary(r -> r.streamName(stream)).join()
            .streamDescriptionSummary().streamStatus() == StreamStatus.ACTIVE);
  }

  private static int put(KinesisProducer producer, String stream, int begin, int end) throws Exception {
    List<ListenableFuture<UserRecordResult>> futures = new ArrayList<>();
    for (int number = begin; number < end; ++number) {
      for (int key = 0; key < KEY_COUNT; ++key) {
        futures.add(producer.addUserRecord(
            stream, "key-" + key, ByteBuffer.wrap((number + "\n").getBytes(StandardCharsets.UTF_8))));
      }
    }
    producer.flush();
    int good = 0;
    for (ListenableFuture<UserRecordResult> future : futures) {
      good += future.get(60, TimeUnit.SECONDS).isSuccessful() ? 1 : 0;
    }
    return good;
  }

  private static KinesisProducer start(int tlsPort) {
    return new KinesisProducer(new KinesisProducerConfiguration()
        .setKinesisEndpoint("127.0.0.1").setKinesisPort(tlsPort)
        .setCloudwatchEndpoint("127.0.0.1").setCloudwatchPort(tlsPort)
        .setStsEndpoint("127.0.0.1").setStsPort(tlsPort)
        .setVerifyCertificate(false).setRegion("eu-central-1").setCredentialsProvider(KEYS)
        .setMetricsLevel("none").setLogLevel("warning").setRecordTtl(60_000)
        .setRequestTimeout(30_000));
  }

  public static void main(String[] words) throws Exception {
    int tlsPort = Integer.parseInt(words[0]);
    URI tables = URI.create(words[1]);
    String stream = words[2];
    boolean fanOut = words[3].equals("fanout");
    URI endpoint = URI.create("https://127.0.0.1:" + tlsPort);
    KinesisAsyncClient kinesis = KinesisAsyncClient.builder().endpointOverride(endpoint).region(Region.EU_CENTRAL_1)
        .credentialsProvider(KEYS)
        .httpClientBuilder(NettyNioAsyncHttpClient.builder().protocol(fanOut ? Protocol.HTTP2 : Protocol.HTTP1_1))
        .build();
    kinesis.createStream(r -> r.streamName(stream).shardCount(2)).join();
    waitActive(kinesis, stream);

    KinesisProducer first = start(tlsPort);
    int stored = put(first, stream, 0, 50);
    first.destroy();

    List<Shard> shards = kinesis.listShards(r -> r.streamName(stream)).join().shards();
    kinesis.splitShard(r -> r.streamName(stream).shardToSplit(shards.get(0).shardId())
        .newStartingHashKey("42535295865117307932921825928971026432")).join();  // A quarter of the first half.
    waitActive(kinesis, stream);
    // A producer that ran on would send some records again, and the consumer would leave out others with them: both
    // libraries have that race after a split, wherever the stream is.
    KinesisProducer producer = start(tlsPort);
    stored += put(producer, stream, 50, 75);

    DynamoDbAsyncClient dynamo = DynamoDbAsyncClient.builder().endpointOverride(tables)
        .region(Region.EU_CENTRAL_1).credentialsProvider(KEYS).build();
    CloudWatchAsyncClient cloudWatch = CloudWatchAsyncClient.builder().endpointOverride(tables)
        .region(Region.EU_CENTRAL_1).credentialsProvider(KEYS).build();
    ConfigsBuilder configs = new ConfigsBuilder(
        new SingleStreamTracker(stream, InitialPositionInStreamExtended.newInitialPosition(
            InitialPositionInStream.TRIM_HORIZON)),
        "app-" + stream, kinesis, dynamo, cloudWatch, "worker", Keeper::new);
    Scheduler scheduler = new Scheduler(
        configs.checkpointConfig(),
        configs.coordinatorConfig().parentShardPollIntervalMillis(200).shardConsumerDispatchPollIntervalMillis(50)
            .skipShardSyncAtWorkerInitializationIfLeasesExist(false),
        configs.leaseManagementConfig().failoverTimeMillis(2_000).shardSyncIntervalMillis(500)
            .leasesRecoveryAuditorExecutionFrequencyMillis(1_000),
        configs.lifecycleConfig(), configs.metricsConfig().metricsLevel(MetricsLevel.NONE), configs.processorConfig(),
        configs.retrievalConfig().retrievalSpecificConfig(
            fanOut ? new FanOutConfig(kinesis).streamName(stream).applicationName("app-" + stream)
                   : new PollingConfig(stream, kinesis).idleTimeBetweenReadsInMillis(200)));
    Thread thread = new Thread(scheduler);
    thread.setDaemon(true);
    thread.start();
    int expected = stored;
    waitFor("all records", Duration.ofSeconds(100), () -> count() >= expected);
    // The producer goes on while the consumer runs.
    int all = expected + put(producer, stream, 75, 80);
    waitFor("the last records", Duration.ofSeconds(30), () -> count() >= all);

    // The producer's retries may change the order, so what counts is each number once.
    boolean once = received.values().stream().allMatch(numbers ->
        numbers.stream().sorted().toList().equals(IntStream.range(0, 80).boxed().toList()));
    System.out.println("{\"stored\":" + all + ",\"received\":" + count() + ",\"keys\":" + received.size()
        + ",\"once\":" + once + ",\"aggregated\":" + aggregatedSeen + ",\"shardsEnded\":" + shardsEnded.size()
        + "}");
    producer.destroy();
    Runtime.getRuntime().halt(0);
  }
}
