/**
 * The end of a cluster that did not start. testcontainers removes a container that does not get ready, but forgets one that the engine
 * created and could not start, as when its port is taken.
 */

import { getContainerRuntimeClient, type StartedNetwork } from "testcontainers";

/** Removes a network and every container in it, running or not, with what it stored. @throws what the engine says, where it cannot */
export async function removeNetwork(network: StartedNetwork): Promise<void> {
  const { container } = await getContainerRuntimeClient();
  const found = await container.dockerode.listContainers({ all: true, filters: { network: [network.getId()] } });
  await Promise.all(found.map(({ Id }) => container.getById(Id).remove({ force: true, v: true })));
  await network.stop();
}
