import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.LongPredicate;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MemoryRecords.RecordFilter.BatchRetention;
import org.apache.kafka.common.record.internal.MemoryRecords.RecordFilter.BatchRetentionResult;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.BufferSupplier;

/**
 * Writes record batches with Kafka's own classes: NAME.bin, the bytes of one batch, and NAME.jsonl, what Kafka reads back
 * from them. README.md says how to run it.
 */
public final class GoldenVectors {
  private static final long BASE_TIME = 1_700_000_000_000L;
  private static final long HORIZON = 1_800_000_000_000L;
  private static final Header[] NO_HEADERS = new Header[0];

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]);
    write(directory, "none-one", Batch.plain(), List.of(record(0, "key", "value")));
    write(directory, "none-nulls", Batch.plain(), nulls());
    write(directory, "none-headers", Batch.plain(), headers());
    write(directory, "none-timestamps", Batch.plain(), timestamps());
    write(directory, "none-lengths", Batch.plain(), lengths());
    write(directory, "none-thousand", Batch.plain(), many(1000));
    write(directory, "none-log-append-time", Batch.plain().logAppendTime(BASE_TIME + 12_345), timestamps());
    write(directory, "none-stamped", Batch.plain().stamped(5_000_000_000L, 7), headers());
    write(directory, "none-idempotent", Batch.plain().producer(9_007_199_254_740L, 3, 41, false), nulls());
    write(directory, "none-transactional", Batch.plain().producer(12, 0, 0, true), nulls());
    write(directory, "gzip-headers", Batch.compressed(Compression.gzip().build()), headers());
    write(directory, "gzip-nulls", Batch.compressed(Compression.gzip().build()), nulls());
    write(directory, "gzip-hundred", Batch.compressed(Compression.gzip().build()), many(100));
    write(directory, "snappy-one", Batch.compressed(Compression.snappy().build()), List.of(record(0, "key", "value")));
    write(directory, "lz4-one", Batch.compressed(Compression.lz4().build()), List.of(record(0, "key", "value")));
    write(directory, "zstd-one", Batch.compressed(Compression.zstd().build()), List.of(record(0, "key", "value")));
    for (CompressionType type : List.of(CompressionType.SNAPPY, CompressionType.LZ4, CompressionType.ZSTD)) {
      Compression codec = Compression.of(type).build();
      write(directory, type.name + "-nulls", Batch.compressed(codec).producer(77, 2, 1_000_000, false), nulls());
      write(directory, type.name + "-headers", Batch.compressed(codec).producer(12, 0, 0, true), headers());
      write(directory, type.name + "-hundred", Batch.compressed(codec), many(100));
      write(directory, type.name + "-blocks", Batch.compressed(codec).stamped(1234, 5), blocks());
    }
    save(directory, "control-commit", marker(ControlRecordType.COMMIT));
    save(directory, "control-abort", marker(ControlRecordType.ABORT));
    compactions(Files.createDirectories(directory.resolve("compaction")));
  }

  private static MemoryRecords marker(ControlRecordType type) {
    return MemoryRecords.withEndTransactionMarker(77, BASE_TIME, 5, 12, (short) 0, new EndTransactionMarker(type, 9));
  }

  /** What Kafka's cleaner makes of a batch of which it keeps some records. */
  private static void compactions(Path directory) throws Exception {
    Batch stamped = Batch.plain().stamped(5_000_000_000L, 7);
    compact(directory, "odd", stamped.build(values()), offset -> offset % 2 == 1, false);
    compact(directory, "middle", stamped.producer(12, 3, 41, true).build(headers()), offset -> offset % 5 == 2, false);
    compact(directory, "none-kept", stamped.producer(12, 3, 41, true).build(headers()), offset -> false, false);
    compact(directory, "none-kept-gzip", Batch.compressed(Compression.gzip().build()).build(nulls()), offset -> false, false);
    compact(directory, "log-append-time", stamped.logAppendTime(BASE_TIME + 12_345).build(values()), offset -> offset % 3 == 1, false);
    compact(directory, "tombstones", stamped.build(nulls()), offset -> true, false);
    compact(directory, "tombstones-odd", stamped.build(nulls()), offset -> offset % 2 == 1, false);
    compact(directory, "tombstones-log-append-time", stamped.logAppendTime(BASE_TIME + 9).build(nulls()), offset -> true, false);
    ByteBuffer withHorizon = ByteBuffer.wrap(Files.readAllBytes(directory.resolve("tombstones.after.bin")));
    compact(directory, "tombstones-again", MemoryRecords.readableRecords(withHorizon), offset -> offset % 2 == 1, false);
    compact(directory, "marker", marker(ControlRecordType.COMMIT), offset -> true, true);
  }

  private static void compact(Path directory, String name, MemoryRecords before, LongPredicate keep, boolean isMarker)
      throws Exception {
    ByteBuffer source = before.buffer().duplicate();
    Files.write(directory.resolve(name + ".before.bin"), bytes(source));
    MemoryRecords.RecordFilter filter = new MemoryRecords.RecordFilter(BASE_TIME, HORIZON - BASE_TIME) {
      @Override
      protected BatchRetentionResult checkBatchRetention(RecordBatch batch) {
        return new BatchRetentionResult(BatchRetention.RETAIN_EMPTY, isMarker);
      }

      @Override
      protected boolean shouldRetainRecord(RecordBatch batch, Record record) {
        return keep.test(record.offset());
      }
    };
    ByteBuffer after = ByteBuffer.allocate(1 << 17);
    before.filterTo(filter, after, BufferSupplier.NO_CACHING);
    after.flip();
    MemoryRecords.readableRecords(after.duplicate()).batches().iterator().next().ensureValid();
    Files.write(directory.resolve(name + ".after.bin"), bytes(after));
  }

  /** Timestamps that do not grow with the offset, so that which record is first and which is last in time both change. */
  private static List<SimpleRecord> values() {
    List<SimpleRecord> records = new ArrayList<>();
    for (int i = 0; i < 12; i++) records.add(record((i * 7) % 12 * 1_000L, "k" + i, "v".repeat(i * 9)));
    return records;
  }

  /** More than a block or a chunk of any codec. */
  private static List<SimpleRecord> blocks() {
    List<SimpleRecord> records = new ArrayList<>();
    for (int i = 0; i < 9; i++) records.add(record(i, "k" + i, ("line " + i + "\n").repeat(1_100)));
    return records;
  }

  private static List<SimpleRecord> nulls() {
    return List.of(record(0, null, "null key"), record(1, "null value", null), record(2, null, null),
        record(3, "", "empty key"), record(4, "empty value", ""), record(5, "", ""));
  }

  private static List<SimpleRecord> headers() {
    return List.of(
        record(0, "k", "v", header("trace", "abc")),
        record(0, "k", "v", header("twice", "1"), header("twice", "2"), header("", "empty key")),
        record(1, "k", "v", header("null", null), header("empty", "")),
        record(2, null, null, header("Schlüssel-鍵-🔑", "Wert-値")),
        record(3, "k", "none"));
  }

  /** Deltas of both signs, at the edges of 1 to 6 bytes of a varlong, beyond 32 bits too. */
  private static List<SimpleRecord> timestamps() {
    List<SimpleRecord> records = new ArrayList<>();
    for (long delta : new long[] {0, -1, 1, -64, 64, 63, -65, 8191, 8192, -8192, -8193, 1_048_576, -1_048_577, 134_217_728L,
        -134_217_729L, 2_147_483_647L, 2_147_483_648L, -2_147_483_648L, -2_147_483_649L, 17_179_869_184L, -BASE_TIME}) {
      records.add(record(delta, null, Long.toString(delta)));
    }
    return records;
  }

  /** Lengths at the edges of 1, 2 and 3 bytes of a varint. */
  private static List<SimpleRecord> lengths() {
    List<SimpleRecord> records = new ArrayList<>();
    for (int length : new int[] {1, 63, 64, 127, 128, 8191, 8192}) records.add(record(0, null, "x".repeat(length)));
    return records;
  }

  private static List<SimpleRecord> many(int count) {
    List<SimpleRecord> records = new ArrayList<>();
    for (int i = 0; i < count; i++) records.add(record(i / 4, i % 3 == 0 ? null : "k" + i % 10, "v" + i));
    return records;
  }

  private static SimpleRecord record(long delta, String key, String value, Header... headers) {
    return new SimpleRecord(BASE_TIME + delta, bytes(key), bytes(value), headers.length == 0 ? NO_HEADERS : headers);
  }

  private static Header header(String key, String value) {
    return new RecordHeader(key, bytes(value));
  }

  private static byte[] bytes(String text) {
    return text == null ? null : text.getBytes(UTF_8);
  }

  private static void write(Path directory, String name, Batch batch, List<SimpleRecord> records) throws Exception {
    save(directory, name, batch.build(records));
  }

  private static void save(Path directory, String name, MemoryRecords records) throws Exception {
    Files.write(directory.resolve(name + ".bin"), bytes(records.buffer()));
    MutableRecordBatch batch = records.batches().iterator().next();
    batch.ensureValid();
    Files.writeString(directory.resolve(name + ".jsonl"), manifest(batch));
  }

  /** The header on the first line, then one record a line. */
  private static String manifest(MutableRecordBatch batch) {
    StringBuilder lines = new StringBuilder(header(batch)).append("\n");
    for (Record record : batch) lines.append(json(record)).append("\n");
    return lines.toString();
  }

  private static String header(MutableRecordBatch batch) {
    return "{\"baseOffset\": " + batch.baseOffset() + ", \"sizeBytes\": " + batch.sizeInBytes()
        + ", \"leaderEpoch\": " + batch.partitionLeaderEpoch() + ", \"magic\": " + batch.magic()
        + ", \"crc\": " + batch.checksum() + ", \"compression\": \"" + batch.compressionType().name + "\""
        + ", \"timestampType\": \"" + (batch.timestampType() == TimestampType.LOG_APPEND_TIME ? "logAppendTime" : "createTime")
        + "\", \"isTransactional\": " + batch.isTransactional() + ", \"isControl\": " + batch.isControlBatch()
        + ", \"lastOffset\": " + batch.lastOffset() + ", \"maxTimestampMs\": " + batch.maxTimestamp()
        + ", \"producerId\": " + batch.producerId() + ", \"producerEpoch\": " + batch.producerEpoch()
        + ", \"baseSequence\": " + batch.baseSequence() + ", \"recordCount\": " + batch.countOrNull() + "}";
  }

  private static String json(Record record) {
    List<String> headers = new ArrayList<>();
    for (Header header : record.headers()) {
      ByteBuffer value = header.value() == null ? null : ByteBuffer.wrap(header.value());
      headers.add("{\"key\": \"" + header.key() + "\", \"value\": " + base64(value) + "}");
    }
    return "{\"offset\": " + record.offset() + ", \"timestampMs\": " + record.timestamp() + ", \"key\": "
        + base64(record.key()) + ", \"value\": " + base64(record.value())
        + (headers.isEmpty() ? "" : ", \"headers\": [" + String.join(", ", headers) + "]") + "}";
  }

  private static String base64(ByteBuffer value) {
    return value == null ? "null" : "\"" + Base64.getEncoder().encodeToString(bytes(value)) + "\"";
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  /** Fields of a batch that are not its records. */
  private record Batch(Compression compression, TimestampType timestampType, long appendTime, long baseOffset,
      int leaderEpoch, long producerId, int producerEpoch, int baseSequence, boolean isTransactional) {
    MemoryRecords build(List<SimpleRecord> records) {
      MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 17), RecordBatch.MAGIC_VALUE_V2,
          compression, timestampType, baseOffset, appendTime, producerId, (short) producerEpoch, baseSequence,
          isTransactional, leaderEpoch);
      for (SimpleRecord record : records) builder.append(record);
      return builder.build();
    }

    static Batch plain() {
      return compressed(Compression.NONE);
    }

    static Batch compressed(Compression compression) {
      return new Batch(compression, TimestampType.CREATE_TIME, RecordBatch.NO_TIMESTAMP, 0, -1, -1, -1, -1, false);
    }

    Batch logAppendTime(long time) {
      return new Batch(compression, TimestampType.LOG_APPEND_TIME, time, baseOffset, leaderEpoch, producerId, producerEpoch,
          baseSequence, isTransactional);
    }

    Batch stamped(long offset, int epoch) {
      return new Batch(compression, timestampType, appendTime, offset, epoch, producerId, producerEpoch, baseSequence,
          isTransactional);
    }

    Batch producer(long id, int epoch, int sequence, boolean transactional) {
      return new Batch(compression, timestampType, appendTime, baseOffset, leaderEpoch, id, epoch, sequence, transactional);
    }
  }
}
