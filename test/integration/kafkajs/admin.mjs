// kafkajs's page "Admin Client": only the import and the constructor are others.
import { ConfigResourceTypes } from "@sluice/client";

export async function topics(kafka) {
  const admin = kafka.admin();
  await admin.connect();
  const first = await admin.createTopics({
    validateOnly: false,
    waitForLeaders: true,
    topics: [
      {
        topic: "custom-topic",
        numPartitions: 4,
        replicationFactor: 1,
        configEntries: [{ name: "cleanup.policy", value: "compact" }],
      },
    ],
  });
  const again = await admin.createTopics({ topics: [{ topic: "custom-topic" }] });
  const dryRun = await admin.createTopics({ validateOnly: true, topics: [{ topic: "not-made" }] });
  await admin.createPartitions({ topicPartitions: [{ topic: "custom-topic", count: 6 }] });
  const listed = await admin.listTopics();
  const metadata = await admin.fetchTopicMetadata({ topics: ["custom-topic"] });
  const all = await admin.fetchTopicMetadata();
  await admin.createTopics({ topics: [{ topic: "short-lived" }] });
  await admin.deleteTopics({ topics: ["short-lived"] });
  await admin.disconnect();
  return { first, again, dryRun, listed, metadata, all };
}

export async function topicOffsets(kafka, topic, timestamp) {
  const admin = kafka.admin();
  return {
    offsets: await admin.fetchTopicOffsets(topic),
    byTimestamp: await admin.fetchTopicOffsetsByTimestamp(topic, timestamp),
  };
}

export async function groupOffsets(kafka, groupId, topic, timestamp) {
  const admin = kafka.admin();
  await admin.setOffsets({
    groupId,
    topic,
    partitions: [{ partition: 0, offset: "2" }],
  });
  const set = await admin.fetchOffsets({ groupId, topics: [topic] });
  await admin.resetOffsets({ groupId, topic });
  const latest = await admin.fetchOffsets({ groupId, topics: [topic], resolveOffsets: true });
  await admin.resetOffsets({ groupId, topic, earliest: true });
  const earliest = await admin.fetchOffsets({ groupId, topics: [topic], resolveOffsets: true });
  await admin.setOffsets({ groupId, topic, partitions: await admin.fetchTopicOffsetsByTimestamp(topic, timestamp) });
  const byTimestamp = await admin.fetchOffsets({ groupId });
  return { set, latest, earliest, byTimestamp };
}

export async function cluster(kafka) {
  return await kafka.admin().describeCluster();
}

export async function configs(kafka) {
  const admin = kafka.admin();
  const described = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: "custom-topic", configNames: ["cleanup.policy"] }],
  });
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: ConfigResourceTypes.TOPIC,
        name: "custom-topic",
        configEntries: [{ name: "cleanup.policy", value: "delete" }],
      },
    ],
  });
  const altered = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: "custom-topic" }],
  });
  return { described, altered };
}

export async function groups(kafka, groupId) {
  const admin = kafka.admin();
  const listed = await admin.listGroups();
  const described = await admin.describeGroups([groupId]);
  const deleted = await admin.deleteGroups([groupId]);
  return { listed, described, deleted };
}

export async function deleteRecords(kafka, topic) {
  const admin = kafka.admin();
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "1" }] });
  const first = await admin.fetchTopicOffsets(topic);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "-1" }] });
  return { first, all: await admin.fetchTopicOffsets(topic) };
}
