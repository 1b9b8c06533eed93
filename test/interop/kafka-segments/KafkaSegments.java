import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Has a Kafka broker write one partition with every codec, by plain, idempotent and transactional producers, in several
 * segments, and writes down what a consumer reads back. README.md says how to run it.
 */
public final class KafkaSegments {
  private static final long BASE_TIME = 2_000_000_000_000L;
  private static final String TOPIC = "segments";
  private static int sent = 0;

  public static void main(String[] args) throws Exception {
    String servers = args[0];
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers))) {
      admin.createTopics(List.of(new NewTopic(TOPIC, Optional.of(1), Optional.of((short) 1)).configs(
          Map.of("segment.ms", "60000", "index.interval.bytes", "512", "message.timestamp.after.max.ms", "9223372036854775807"))))
          .all().get();
    }
    for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
      produce(servers, Map.of("enable.idempotence", "false", "compression.type", codec), "plain-" + codec, false);
      produce(servers, Map.of("enable.idempotence", "true", "compression.type", codec), "idempotent-" + codec, false);
      produce(servers, Map.of("transactional.id", "t-" + codec, "compression.type", codec), "transactional-" + codec, true);
    }
    Files.write(Path.of(args[1]), consumed(servers));
  }

  /** Three batches of ten records; of a transactional producer, two are committed and one is aborted. */
  private static void produce(String servers, Map<String, Object> own, String label, boolean isTransactional) {
    Map<String, Object> options = new java.util.HashMap<>(own);
    options.put("bootstrap.servers", servers);
    options.put("linger.ms", 1000);
    try (var producer = new KafkaProducer<>(options, new ByteArraySerializer(), new ByteArraySerializer())) {
      if (isTransactional) producer.initTransactions();
      for (int batch = 0; batch < 3; batch++) {
        if (isTransactional) producer.beginTransaction();
        for (int i = 0; i < 10; i++) producer.send(record(label + "-" + batch + "-" + i));
        producer.flush();
        if (isTransactional && batch == 1) producer.abortTransaction();
        else if (isTransactional) producer.commitTransaction();
      }
    }
  }

  /** A batch is 5 s long, so the age of its first record rolls a segment every dozen batches; times lie after every marker. */
  private static ProducerRecord<byte[], byte[]> record(String text) {
    int number = sent++;
    byte[] key = number % 4 == 0 ? null : ("k" + number % 7).getBytes(UTF_8);
    byte[] value = number % 11 == 0 && key != null ? null : text.repeat(1 + number % 3).getBytes(UTF_8);
    var record = new ProducerRecord<>(TOPIC, 0, BASE_TIME + number * 500L, key, value);
    if (number % 5 == 0) record.headers().add("trace", text.getBytes(UTF_8)).add("none", null);
    return record;
  }

  private static List<String> consumed(String servers) {
    List<String> lines = new ArrayList<>();
    Map<String, Object> options = Map.of("bootstrap.servers", servers, "isolation.level", "read_uncommitted");
    try (var consumer = new KafkaConsumer<>(options, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      TopicPartition partition = new TopicPartition(TOPIC, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end)
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) lines.add(json(record));
    }
    return lines;
  }

  private static String json(ConsumerRecord<byte[], byte[]> record) {
    List<String> headers = new ArrayList<>();
    for (Header header : record.headers())
      headers.add("{\"key\": \"" + header.key() + "\", \"value\": " + base64(header.value()) + "}");
    return "{\"offset\": " + record.offset() + ", \"timestampMs\": " + record.timestamp() + ", \"key\": "
        + base64(record.key()) + ", \"value\": " + base64(record.value()) + ", \"headers\": ["
        + String.join(", ", headers) + "]}";
  }

  private static String base64(byte[] value) {
    return value == null ? "null" : "\"" + Base64.getEncoder().encodeToString(value) + "\"";
  }
}
