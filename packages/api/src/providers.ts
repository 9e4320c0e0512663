import { createHmac } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type ComputeProvider,
  createDockerProvider,
  createNosanaProvider,
  createProcessProvider,
  workerUrl,
} from "@kangklip/providers";
import type { Config } from "./config.ts";
import { ownHost } from "./own-host.ts";

const WORKER = fileURLToPath(new URL("../../worker/src/main.ts", import.meta.url));
/** The worker's program that looks at an address; it is not there where only the API is installed. */
export const INSPECTOR = fileURLToPath(new URL("../../worker/src/inspect/main.ts", import.meta.url));

/** Tells this installation's launches from others' at the same engine or account; the same for all processes that share a SECRET. */
const scopeOf = (secret: Buffer) => createHmac("sha256", secret).update("scope").digest("hex").slice(0, 8);

/** The providers that the configuration names, in its order. @param workerCommand what `process` runs in the worker's place */
export function createProviders(config: Config, workerCommand?: readonly string[]): ComputeProvider[] {
  const scope = scopeOf(config.secret);
  const settings = config.workerSettings;
  const made: Record<string, () => ComputeProvider> = {
    process: () =>
      createProcessProvider({
        dir: join(config.dataDir, "launches"),
        command: workerCommand ?? [process.execPath, WORKER],
        machineEnv: config.workerEnv,
        ...(config.warm.count > 0 &&
          !workerCommand && { warm: { ...config.warm, command: [process.execPath, WORKER, "--warm"] } }),
      }),
    docker: () =>
      createDockerProvider({
        ...configured(config.docker, "docker"),
        ...{ scope, settings, apiUrl: outsideUrl(config), listensOn: config.host },
        cacheGb: config.cacheGb,
      }),
    nosana: () => createNosanaProvider({ ...configured(config.nosana, "nosana"), scope, settings }),
  };
  return config.compute.map((name) => configured(made[name], name)());
}

function configured<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`${name} has no configuration`);
  return value;
}

/** Where workers on other machines reach this API, as far as it is known before it listens. */
const outsideUrl = ({ workerApiUrl, callbackBaseUrl, host, port }: Config): string | undefined =>
  workerApiUrl ?? callbackBaseUrl ?? (port === 0 ? undefined : `http://${ownHost(host)}:${port}`);

/** Where the workers of a provider reach this API. @param ownUrl where it listens */
export function createWorkerUrls(config: Config, ownUrl: () => string): (provider: string) => string {
  const here = () => config.callbackBaseUrl ?? ownUrl();
  const outside = () => config.workerApiUrl ?? here();
  const urls: Record<string, () => string> = {
    process: here,
    // what is this machine to us is another one to a container
    docker: () => workerUrl(outside(), config.docker?.network ?? "bridge").url,
  };
  return (provider) => (urls[provider] ?? outside)();
}
