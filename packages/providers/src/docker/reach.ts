import { isLoopback } from "./engine.ts";

/** What containers call the machine they run on; the engine puts the address into their hosts file. */
const HOST = "host.docker.internal";

/**
 * The address at which a worker in a container reaches this API. Pure.
 * @param apiUrl where the API is, as this machine sees it
 * @param network of the container: "bridge", "host" or the name of one
 */
export function workerUrl(apiUrl: string, network: string): { url: string; extraHosts: string[] } {
  if (network === "host" || network === "none") return { url: apiUrl, extraHosts: [] };
  const extraHosts = [`${HOST}:host-gateway`];
  const url = new URL(apiUrl);
  if (!isLoopback(url.hostname) && !isEverywhere(url.hostname)) return { url: apiUrl, extraHosts };
  url.hostname = HOST;
  return { url: url.href.replace(/\/$/, ""), extraHosts };
}

export interface Reach {
  /** Where the API is for workers, as far as it is set or known. */
  apiUrl: string;
  network: string;
  /** The address on which the API listens; undefined: not known. */
  listensOn?: string | undefined;
  /** The engine runs on this machine. */
  local: boolean;
  /** It runs in a virtual machine which lends its containers this machine's loopback. */
  desktop: boolean;
  rootless: boolean;
}

/** Why a worker cannot reach the API, and which setting changes that; undefined where nothing speaks against it. Pure. */
export function reachTrouble({
  apiUrl,
  network,
  listensOn,
  local,
  desktop,
  rootless,
}: Reach): string | undefined {
  if (network === "none")
    return "DOCKER_NETWORK=none leaves a worker without a way to the API: use bridge or host";
  const { hostname, port } = new URL(apiUrl);
  if (!isLoopback(hostname) && !isEverywhere(hostname)) return undefined;
  const lan = `set HOST=0.0.0.0 and WORKER_API_URL=http://ADDRESS:${port || 80} with this machine's address in its network`;
  if (!local) return `The engine is on another machine, from which ${apiUrl} is not this API: ${lan}`;
  if (rootless) return `Containers of a rootless engine do not reach this machine's own ${apiUrl}: ${lan}`;
  if (desktop)
    return network === "host"
      ? "Docker Desktop's host network is that of its virtual machine: use DOCKER_NETWORK=bridge"
      : undefined;
  if (network === "host" || listensOn === undefined || !isLoopback(listensOn)) return undefined;
  return `Workers on the network "${network}" cannot reach this API, which listens on ${listensOn} only: set HOST=0.0.0.0 (or the address of docker0, often 172.17.0.1), or DOCKER_NETWORK=host`;
}

const isEverywhere = (host: string) => ["0.0.0.0", "[::]", "::"].includes(host);
