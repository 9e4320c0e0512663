import { KangKlipError, PORTABLE_SETTINGS, parseSourceUrl, WorkerEnv } from "@kangklip/contract";
import { type LaunchSpec, ProviderError } from "../provider.ts";

/** What is sent to make a deployment: the service's own shape. */
export interface DeploymentBody {
  name: string;
  market: string;
  replicas: 1;
  /** Minutes: the one place where Nosana does not count in seconds. */
  timeout: number;
  strategy: "SIMPLE";
  confidential: true;
  job_definition: JobDefinition;
}

/** Version 0.1 of Nosana's job definition, as far as it is used. */
export interface JobDefinition {
  version: "0.1";
  type: "container";
  meta: { trigger: string; system_requirements?: { required_vram: number } };
  ops: {
    type: "container/run";
    id: string;
    args: { image: string; gpu: true; env: Record<string, string> };
  }[];
}

export const WORKER_OP = "worker";
/** Beyond the longest run: the worker ends itself first, and says why. */
const SPARE_MINUTES = 10;

/**
 * The deployment of one launch. It holds no secret but the claim token, which works once: the service may publish the definition, and
 * whoever owns the node reads it.
 * `confidential` is said although it may be the service's own default, as an operator of the service can change that.
 * @throws ProviderError INVALID, IMAGE
 */
export function deploymentOf(
  spec: Pick<LaunchSpec, "env" | "requirements">,
  { name, market, image, settings }: { name: string; market: string; image: string; settings: Settings },
): DeploymentBody {
  if (imageProblem(image) === "wrong")
    throw new ProviderError("IMAGE", "nosana", `"${image}" is no image name`);
  const { maxRuntimeSeconds, minVramGb } = spec.requirements;
  return {
    ...{ name, market, replicas: 1, strategy: "SIMPLE", confidential: true },
    timeout: Math.ceil(maxRuntimeSeconds / 60) + SPARE_MINUTES,
    job_definition: {
      version: "0.1",
      type: "container",
      meta: {
        trigger: "api",
        ...(minVramGb && { system_requirements: { required_vram: minVramGb } }),
      },
      ops: [
        {
          type: "container/run",
          id: WORKER_OP,
          args: { image, gpu: true, env: { ...settings, ...envOf(spec) } },
        },
      ],
    },
  };
}

export type Settings = Readonly<Record<string, string>>;

/** @throws Error where something is among the settings that may not go to a stranger's machine */
export function checkSettings(settings: Settings): void {
  for (const [name, value] of Object.entries(settings)) {
    if (!PORTABLE_SETTINGS.includes(name)) throw new Error(`${name} is no setting that goes with a launch`);
    if (value.includes("%%"))
      throw new Error(`${name} may not hold %%: on Nosana that is the mark of a variable`);
  }
}

/**
 * Nodes are anywhere: a worker there would be paid for and never reach this machine.
 * @throws ProviderError UNSUPPORTED where the address is none of the public internet
 */
export function checkReachable(apiUrl: string): void {
  const url = new URL(apiUrl);
  url.port = ""; // any port will do, unlike for a video
  try {
    parseSourceUrl(url.href, { allow_private: false, allow_origins: [] });
  } catch (error) {
    if (!(error instanceof KangKlipError)) throw error;
    const message = `Nodes of Nosana cannot reach ${apiUrl}: set WORKER_API_URL to a public https address of this service`;
    throw new ProviderError("UNSUPPORTED", "nosana", message, { cause: error });
  }
}

function envOf({ env }: Pick<LaunchSpec, "env">): Record<string, string> {
  const { data } = WorkerEnv.safeParse(env);
  if (!data)
    throw new ProviderError(
      "INVALID",
      "nosana",
      "A launch carries the four variables of a worker and nothing else",
    );
  // a node replaces %%global.…%% and %%ops.…%% in whatever it starts
  if (Object.values(data).some((value) => value.includes("%%")))
    throw new ProviderError("INVALID", "nosana", "No variable of a worker may hold %%");
  return data;
}

/** "tag": whoever owns the tag decides what runs tomorrow, and nodes may hold different copies. "wrong": no name of an image. */
export function imageProblem(image: string): "wrong" | "tag" | undefined {
  const part = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
  const host = "(?:(?:[a-zA-Z0-9-]+(?:\\.[a-zA-Z0-9-]+)+|[a-zA-Z0-9-]+(?=:)|localhost)(?::\\d{1,5})?/)?";
  const name = new RegExp(`^${host}${part}(?:/${part})*(?::[\\w][\\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$`);
  const match = image.length <= 400 ? name.exec(image) : null;
  if (!match) return "wrong";
  return match[1] ? undefined : "tag";
}

const SCOPE = /^[a-z0-9]{4,12}$/;
/** The names of one installation's deployments: the same launch has the same name whoever asks. @throws Error for a bad scope */
export function namesOf(scope: string) {
  if (!SCOPE.test(scope)) throw new Error(`"${scope}" is no scope: 4 to 12 of a-z and 0-9`);
  const prefix = `kk:${scope}:`;
  return {
    prefix,
    nameOf: (launchKey: string) => `${prefix}${launchKey}`,
    /** undefined for deployments of others on the same account. */
    launchKeyOf: (name: string) => {
      const key = name.slice(prefix.length);
      return name.startsWith(prefix) && /^kk-[a-z0-9-]{1,57}$/.test(key) ? key : undefined;
    },
  };
}

const LETTERS = "0123456789abcdefghjkmnpqrstvwxyz";
/**
 * When the job of a launch key was made (ms since 1970): its launches are no older. The key holds a ULID, whose first ten letters are
 * the time.
 */
export function jobTimeOf(launchKey: string): number | undefined {
  const letters = /^kk-([0-9a-hjkmnp-tv-z]{10})/.exec(launchKey)?.[1];
  return (
    (letters && [...letters].reduce((time, letter) => time * 32 + LETTERS.indexOf(letter), 0)) || undefined
  );
}
