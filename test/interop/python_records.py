"""Produces and consumes through the service Records, with code that grpcio-tools made from proto/ and nothing of Sluice.

Usage: python_records.py GENERATED_DIRECTORY ADDRESS TOPIC
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

import grpc
from sluice.v1 import common_pb2, records_pb2, records_pb2_grpc

address, topic = sys.argv[2], sys.argv[3]
with grpc.insecure_channel(address) as channel:
    records = records_pb2_grpc.RecordsStub(channel)
    published = records.Publish(
        records_pb2.PublishRequest(
            topic=topic,
            acks=common_pb2.ACKS_ALL,
            records=[
                records_pb2.PublishRecord(
                    key="größe".encode(),
                    value=f"from python {index}".encode(),
                    headers=[common_pb2.Header(key="language", value=b"python")],
                    timestamp_ms=1_700_000_000_000 + index,
                )
                for index in range(3)
            ]
            + [records_pb2.PublishRecord(partition=0)],
        ),
        timeout=30,
    )
    consumed = []
    for response in records.Subscribe(records_pb2.SubscribeRequest(topic=topic, partition=0), timeout=30):
        for record in response.records:
            consumed.append(
                {
                    "offset": record.offset,
                    "timestampMs": record.timestamp_ms,
                    "key": record.key.decode() if record.HasField("key") else None,
                    "value": record.value.decode() if record.HasField("value") else None,
                    "headers": {header.key: header.value.decode() for header in record.headers},
                }
            )
    try:
        next(records.Subscribe(records_pb2.SubscribeRequest(topic="missing"), timeout=30))
        refused = None
    except grpc.RpcError as error:
        refused = error.code().name

receipts = [[receipt.partition, receipt.offset, receipt.error.number] for receipt in published.receipts]
print(json.dumps({"receipts": receipts, "consumed": consumed, "refused": refused}))
