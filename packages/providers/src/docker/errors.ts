import { ProviderError, type ProviderErrorKind } from "../provider.ts";

/** What the engine refused, or how it could not be reached; nothing but `asProviderError` shows it to anybody. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  /** Of the HTTP answer; undefined where there was none. */
  readonly status: number | undefined;
  /** Of the connection (ENOENT, ECONNREFUSED …), or one of ours: TIMEOUT, ABORTED, GARBAGE. */
  readonly code: string | undefined;
  constructor(message: string, { status, code, cause }: { status?: number; code?: string; cause?: unknown }) {
    super(message, { cause });
    this.status = status;
    this.code = code;
  }
}

export const statusOf = (error: unknown): number | undefined =>
  error instanceof EngineError ? error.status : undefined;

/** Nothing was sent: nobody listens, or nobody may speak. */
const UNREACHED = ["ENOENT", "ECONNREFUSED", "EACCES", "EPERM", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH"];
/** Whether the engine may have done what it was asked although no answer came. */
export const isInDoubt = (error: unknown): boolean =>
  error instanceof EngineError && error.status === undefined && !UNREACHED.includes(error.code ?? "");

type Meaning = readonly [text: RegExp, kind: ProviderErrorKind, advice: string];

/** What the engine and the registries behind it say, in the order in which it is looked for. */
const TEXTS: readonly Meaning[] = [
  [
    /toomanyrequests|rate limit/i,
    "RATE_LIMITED",
    "The registry wants a pause; `docker login` raises its limit",
  ],
  [
    /no space left on device|disk quota exceeded/i,
    "UNAVAILABLE",
    "The engine's disk is full: `docker system prune` frees what is not used",
  ],
  [
    /could not select device driver|unknown (or invalid )?runtime|unresolvable CDI|CDI device injection/i,
    "UNSUPPORTED",
    "Docker cannot give a container the GPU: install the NVIDIA Container Toolkit (`nvidia-ctk runtime configure --runtime=docker`, then restart Docker), or set DOCKER_GPUS=none",
  ],
  [
    /unsatisfied condition: cuda/i,
    "UNSUPPORTED",
    "The NVIDIA driver of this machine is too old for the image: update it, or use the cpu image",
  ],
  [
    /nvidia-container-cli|nvidia-container-runtime|libnvidia|nvml/i,
    "UNSUPPORTED",
    "The NVIDIA driver of this machine does not answer: does `nvidia-smi` work? A restart of the machine often helps after an update",
  ],
  [
    /network \S+ not found/i,
    "UNSUPPORTED",
    "DOCKER_NETWORK names a network that is not there: make it with `docker network create`, or name another",
  ],
  [
    /host-gateway|host gateway/i,
    "UNSUPPORTED",
    "This engine cannot name its host: it must be 20.10 or newer",
  ],
  [/client version \S+ is too/i, "UNSUPPORTED", "Update Docker: 20.10 is the oldest that works"],
  [
    /no matching manifest|exec format error/i,
    "IMAGE",
    "The image is made for another kind of processor: build it on this machine (`npm run image`) and set WORKER_IMAGE",
  ],
  [
    /no such image|pull access denied|repository does not exist|manifest unknown|manifest for \S+ not found|invalid reference format|unauthorized|authentication required|denied/i,
    "IMAGE",
    "Build it with `npm run image`, or set WORKER_IMAGE to one that is there; a private one can be fetched by hand with `docker pull`",
  ],
  [
    /dial tcp|no such host|i\/o timeout|TLS handshake|connection (refused|reset)|context deadline exceeded|Client\.Timeout|unexpected EOF/i,
    "UNAVAILABLE",
    "The registry could not be reached from the engine: is this machine online?",
  ],
];

/**
 * What an answer of the engine means to whoever wanted something of it. Pure.
 * @param where where the engine is, in words
 */
export function asProviderError(error: unknown, where: string): ProviderError {
  if (error instanceof ProviderError) return error;
  const told = (kind: ProviderErrorKind, message: string) =>
    new ProviderError(kind, "docker", message, { cause: error });
  if (!(error instanceof EngineError)) return told("UNAVAILABLE", messageOf(error));
  const { code, status } = error;
  const text = oneLine(error.message);
  switch (code) {
    case "ENOENT":
    case "ECONNREFUSED":
      return told(
        "UNAVAILABLE",
        `Docker does not answer at ${where}: is Docker running? Start it (Docker Desktop, or: sudo systemctl start docker), or set DOCKER_HOST`,
      );
    case "EACCES":
    case "EPERM":
      return told(
        "AUTH",
        `This user may not use Docker at ${where}: add it to the group docker (sudo usermod -aG docker $USER, then log in again), or use a rootless engine and set DOCKER_HOST`,
      );
    case "TIMEOUT":
    case "ABORTED":
      return told("UNAVAILABLE", `Docker at ${where} ${text}`);
    case "GARBAGE":
      return told("UNAVAILABLE", `What answers at ${where} is not Docker (${text}): check DOCKER_HOST`);
  }
  if (status === undefined)
    return told("UNAVAILABLE", `The connection to Docker at ${where} was lost (${text})`);
  const refused = status === 401 || status === 403;
  const meaning = refused ? undefined : TEXTS.find(([pattern]) => pattern.test(text));
  if (meaning) return told(meaning[1], `${meaning[2]}. Docker says: ${text}`);
  return told(KINDS[status] ?? (status >= 500 ? "UNAVAILABLE" : "INVALID"), `Docker says: ${text}`);
}

const KINDS: Partial<Record<number, ProviderErrorKind>> = {
  401: "AUTH",
  403: "AUTH",
  404: "CONFLICT",
  409: "CONFLICT",
  429: "RATE_LIMITED",
};

const MAX_TEXT = 300;
/** Engine texts may be pages long and end in secrets of nobody here; one line is enough. */
export const oneLine = (text: string): string => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT - 1)}…` : line;
};

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
