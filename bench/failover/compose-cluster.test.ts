import { describe, expect, it } from "vitest";
import { publishedContainers } from "./compose-cluster.js";

const line = (name: string, ports: readonly number[]): string =>
  JSON.stringify({ Name: name, Publishers: ports.map((PublishedPort) => ({ PublishedPort, Protocol: "tcp" })) });

describe("the brokers of a compose file", () => {
  it("are the containers that publish a port, by whichever version of IP", () => {
    const lines = [line("c-etcd-1", []), line("c-broker-1", [0, 0, 19092, 19092]), line("c-broker-2", [29092]), ""];
    expect(publishedContainers(lines.join("\n"))).toEqual([
      { name: "c-broker-1", port: 19092 },
      { name: "c-broker-2", port: 29092 },
    ]);
  });

  it("are none where nothing is up", () => {
    expect(publishedContainers("")).toEqual([]);
  });
});
