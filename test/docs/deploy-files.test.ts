/** The files of deploy/ hold together: names that one gives are names that another has, and settings are settings that there are. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { brokerConfig, loadBrokerConfig } from "@sluice/broker";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { repositoryRoot } from "../support/program.js";

interface EnvironmentEntry {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } };
}

interface Container {
  readonly image: string;
  readonly env: readonly EnvironmentEntry[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly lifecycle?: { readonly preStop: object };
  readonly securityContext: { readonly readOnlyRootFilesystem: boolean };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly serviceName?: string;
    readonly replicas?: number;
    readonly podManagementPolicy?: string;
    readonly clusterIP?: string;
    readonly publishNotReadyAddresses?: boolean;
    readonly maxUnavailable?: number;
    readonly selector?: object;
    readonly ports?: readonly { readonly port: number; readonly targetPort?: string }[];
    readonly template?: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly enableServiceLinks?: boolean;
        readonly topologySpreadConstraints: readonly { readonly topologyKey: string }[];
        readonly securityContext: { readonly runAsNonRoot: boolean; readonly runAsUser: number };
        readonly containers: readonly Container[];
        readonly volumes?: readonly { readonly name: string }[];
      };
    };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  };
}

interface ComposeService {
  readonly image: string;
  readonly build?: object;
  readonly environment: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
}

interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
}

const directory = join(repositoryRoot, "deploy");
const manifests = (
  await Promise.all(
    (
      await readdir(join(directory, "kubernetes"))
    ).map(async (name) => {
      const documents = parseAllDocuments(await readFile(join(directory, "kubernetes", name), "utf8"));
      expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
      return documents.map((document) => document.toJS() as Manifest);
    }),
  )
).flat();

const named = (kind: string, name: string): Manifest => {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  expect(found, `${kind} ${name}`).toBeDefined();
  return found as Manifest;
};

/** What a setting would be in a broker of that environment. */
function settingsOf(environment: Readonly<Record<string, string>>): ReturnType<typeof brokerConfig> {
  return loadBrokerConfig({ flags: {}, environment, valueFiles: new Map(), file: undefined }).config;
}

/** As Kubernetes would fill it in for one pod. */
function environmentOf(container: Container, labels: Readonly<Record<string, string>>): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { name, value = "", valueFrom } of container.env) {
    const path = valueFrom?.fieldRef.fieldPath ?? "";
    const label = /^metadata\.labels\['(.+)'\]$/.exec(path)?.[1];
    if (valueFrom === undefined) values[name] = value.replace(/\$\((\w+)\)/g, (_, key: string) => values[key] ?? "?");
    else values[name] = label === undefined ? (labels[path] ?? "?") : (labels[label] ?? "");
  }
  return values;
}

describe("the manifests for Kubernetes", () => {
  it.each(["sluice", "sluice-etcd"])("spread %s over zones, one at a time away, and start all together", (name) => {
    const { spec } = named("StatefulSet", name);
    expect(spec).toMatchObject({ replicas: 3, podManagementPolicy: "Parallel" });
    expect(spec.template?.spec.topologySpreadConstraints.map(({ topologyKey }) => topologyKey)).toContain(
      "topology.kubernetes.io/zone",
    );
    expect(named("PodDisruptionBudget", name).spec).toMatchObject({
      maxUnavailable: 1,
      selector: { matchLabels: spec.template?.metadata.labels },
    });
    expect(named("Service", spec.serviceName ?? "").spec).toMatchObject({
      clusterIP: "None",
      publishNotReadyAddresses: true,
      selector: spec.template?.metadata.labels,
    });
    expect(spec.template?.spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
    for (const container of spec.template?.spec.containers ?? []) {
      expect(container.securityContext.readOnlyRootFilesystem).toBe(true);
      const ports = container.ports.map((port) => port.name);
      for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe])
        expect(ports).toContain(probe.httpGet.port);
      const volumes = [
        ...(spec.template?.spec.volumes ?? []),
        ...(spec.volumeClaimTemplates ?? []).map((one) => one.metadata),
      ];
      expect(volumes.map((volume) => volume.name)).toEqual(
        expect.arrayContaining(container.volumeMounts.map((mount) => mount.name)),
      );
    }
  });

  it("give every broker a service of its own, and settings that it takes", () => {
    const { spec } = named("StatefulSet", "sluice");
    const [container] = spec.template?.spec.containers ?? [];
    for (let index = 0; index < (spec.replicas ?? 0); index++) {
      const name = `sluice-${index}`;
      const service = named("Service", name).spec;
      expect(service.selector).toEqual({ "statefulset.kubernetes.io/pod-name": name });
      expect(service.ports).toMatchObject([{ port: 9094, targetPort: "external" }]);
      const labels = {
        "metadata.name": name,
        "metadata.namespace": "shop",
        "apps.kubernetes.io/pod-index": String(index),
        "topology.kubernetes.io/zone": "zone-a",
      };
      const environment = environmentOf(container as Container, labels);
      const own = Object.entries(environment).filter(([key]) => key.startsWith("SLUICE_"));
      expect(settingsOf(Object.fromEntries(own))).toMatchObject({
        brokerId: index,
        rack: "zone-a",
        listeners: "internal=0.0.0.0:9092,external=0.0.0.0:9094",
        advertisedListeners: [
          `internal=${name}.sluice-headless.shop.svc.cluster.local:9092`,
          `external=${name}.shop.svc.cluster.local:9094`,
        ].join(),
        httpPort: 9192,
      });
    }
    expect(container?.ports).toEqual([
      { name: "grpc", containerPort: 9092 },
      { name: "external", containerPort: 9094 },
      { name: "http", containerPort: 9192 },
    ]);
  });

  it("keep the variables away that Kubernetes makes of a service: a broker would take them for settings", () => {
    expect(() => settingsOf({ SLUICE_SERVICE_HOST: "10.0.0.1" })).toThrow("not a configuration key");
    expect(named("StatefulSet", "sluice").spec.template?.spec.enableServiceLinks).toBe(false);
  });

  it("name the members of etcd as they are called", () => {
    const { spec } = named("StatefulSet", "sluice-etcd");
    const members = Array.from(
      { length: spec.replicas ?? 0 },
      (_, index) => `sluice-etcd-${index}.${spec.serviceName}`,
    );
    const [etcd] = spec.template?.spec.containers ?? [];
    const [broker] = named("StatefulSet", "sluice").spec.template?.spec.containers ?? [];
    const variableOf = (container: Container | undefined, name: string) =>
      container?.env.find((one) => one.name === name)?.value;
    expect(variableOf(etcd, "ETCD_INITIAL_CLUSTER")).toBe(
      members.map((member) => `${member.split(".")[0]}=http://${member}:2380`).join(","),
    );
    expect(variableOf(broker, "SLUICE_ETCD_ENDPOINTS")).toBe(
      members.map((member) => `http://${member}:2379`).join(","),
    );
  });

  it("drain a broker before it goes, in less than the time that it has", () => {
    const { template } = named("StatefulSet", "sluice").spec;
    const [container] = template?.spec.containers ?? [];
    expect(container?.lifecycle?.preStop).toBeDefined();
    const stopMs = brokerConfig({}).stopGraceMs;
    expect(template?.spec.terminationGracePeriodSeconds).toBeGreaterThan(stopMs / 1000 + 5);
  });
});

describe.each(["docker-compose.yml", "compose.dev.yml"])("%s", (name) => {
  it("gives brokers settings that they take, and ports that agree with what they tell", async () => {
    const { services } = parse(await readFile(join(directory, name), "utf8"), { merge: true }) as ComposeFile;
    const brokers = Object.entries(services).filter(([service]) => service.startsWith("broker-"));
    expect(brokers).toHaveLength(3);
    for (const [service, { environment, ports }] of brokers) {
      const config = settingsOf(environment);
      expect(service).toBe(`broker-${config.brokerId}`);
      const external = /external=0\.0\.0\.0:(\d+)/.exec(config.listeners)?.[1];
      expect(ports).toEqual([`${external}:${external}`]);
      expect(config.advertisedListeners).toBe(`internal=${service}:9092`);
      for (const endpoint of config.etcdEndpoints.split(","))
        expect(Object.keys(services)).toContain(new URL(endpoint).hostname);
    }
    expect(brokers.flatMap(([, { ports }]) => ports)).toEqual(["19092:19092", "29092:29092", "39092:39092"]);
  });

  it("builds one image for all brokers, once", async () => {
    const { services } = parse(await readFile(join(directory, name), "utf8"), { merge: true }) as ComposeFile;
    const brokers = Object.entries(services).filter(([service]) => service.startsWith("broker-"));
    expect(new Set(brokers.map(([, { image }]) => image)).size).toBe(1);
    expect(brokers.filter(([, { build }]) => build !== undefined).map(([service]) => service)).toEqual(["broker-1"]);
  });

  it("asks etcd how it is without a shell, which its image does not have", async () => {
    const { services } = parse(await readFile(join(directory, name), "utf8"), { merge: true }) as ComposeFile;
    const etcds = Object.entries(services).filter(([service]) => service.startsWith("etcd"));
    expect(etcds).toHaveLength(name === "docker-compose.yml" ? 3 : 1);
    for (const [, { image, healthcheck }] of etcds) {
      expect(image).toBe("gcr.io/etcd-development/etcd:v3.6.6");
      expect(healthcheck?.test[0]).toBe("CMD");
    }
  });
});
