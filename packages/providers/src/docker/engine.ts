import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { z } from "zod";
import { EngineError, statusOf } from "./errors.ts";

/** Where the engine listens; undefined: where DOCKER_HOST says, else at this system's usual socket. */
export type EngineAddress = { socketPath: string } | { host: string; port: number } | undefined;

/** Longest that one call may take (ms); the engine takes seconds for a start on a busy machine. */
const CALL_MS = 25_000;

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});
const words = z
  .union([z.string().transform((word) => [word]), z.array(z.string())])
  .nullish()
  .transform((value) => value ?? []);

export const Info = z.object({
  Name: text,
  ServerVersion: z.string(),
  OperatingSystem: text,
  /** The engine's own clock. */
  SystemTime: text,
  MemTotal: z.number().default(0),
  NCPU: z.number().default(0),
  Runtimes: z.record(z.string(), z.unknown()).nullish(),
  SecurityOptions: z.array(z.string()).nullish(),
  DiscoveredDevices: z.array(z.object({ Source: text, ID: text })).nullish(),
});
export type Info = z.infer<typeof Info>;

const Image = z.object({ Id: z.string(), Config: z.object({ User: text, Entrypoint: words, Cmd: words }) });
export type Image = z.infer<typeof Image>;

export const Container = z.object({
  State: z.object({
    Status: z.string(),
    OOMKilled: z.boolean().default(false),
    ExitCode: z.int().default(0),
    Error: text,
    StartedAt: text,
    FinishedAt: text,
  }),
  Config: z.object({ Labels: labels }),
});
export type Container = z.infer<typeof Container>;

const Listed = z.array(
  z.object({ Names: z.array(z.string()), Labels: labels, State: z.string(), Created: z.number() }),
);
const Volume = z.object({ CreatedAt: text, Labels: labels });
const Bytes = z.instanceof(Buffer);

type Ask = (docker: Docker, options: { abortSignal: AbortSignal }) => Promise<unknown>;
export type Engine = ReturnType<typeof openEngine>;

/**
 * The calls of the Docker Engine API that a launch needs, each checked, each with an end. dockerode is loaded at the first of them.
 * All throw EngineError; what is not there is undefined where the name says `…IfThere`.
 */
export function openEngine(address: EngineAddress) {
  let opened: Promise<Docker> | undefined;

  async function connect(): Promise<Docker> {
    const { default: Client } = await import("dockerode");
    // set although undefined: else DOCKER_HOST of this process would win over the address that was given
    if (address && "socketPath" in address)
      return new Client({ ...address, host: undefined, port: undefined, protocol: "http" } as object);
    if (address) return new Client({ ...address, protocol: "http" });
    return new Client();
  }
  const open = () => {
    opened ??= connect().catch((error: unknown) => {
      opened = undefined;
      throw new EngineError(`DOCKER_HOST cannot be used: ${(error as Error).message}`, { code: "GARBAGE" });
    });
    return opened;
  };

  async function call<T>(
    answer: z.ZodType<T>,
    ask: Ask,
    { signal, ms = CALL_MS }: { signal?: AbortSignal | undefined; ms?: number } = {},
  ): Promise<T> {
    const late = AbortSignal.timeout(ms);
    const abortSignal = signal ? AbortSignal.any([signal, late]) : late;
    const ended = Promise.withResolvers<never>();
    const end = () =>
      ended.reject(
        late.aborted
          ? new EngineError(`did not answer in ${Math.round(ms / 1000)} s`, { code: "TIMEOUT" })
          : new EngineError("was not waited for any longer", { code: "ABORTED", cause: signal?.reason }),
      );
    ended.promise.catch(() => {}); // looked at below, where it is not too late
    if (abortSignal.aborted) end();
    else abortSignal.addEventListener("abort", end, { once: true });
    try {
      // raced, because dockerode never ends where a connection is cut in the middle of an answer
      const given = await Promise.race([
        ended.promise,
        open().then((docker) => {
          abortSignal.throwIfAborted();
          return ask(docker, { abortSignal });
        }),
      ]);
      const checked = answer.safeParse(given);
      if (checked.success) return checked.data;
      throw new EngineError(z.prettifyError(checked.error), { code: "GARBAGE" });
    } catch (error) {
      throw asEngineError(error);
    } finally {
      abortSignal.removeEventListener("abort", end);
    }
  }

  /** A question may be asked again where a connection was lost: those kept open die with the engine. */
  async function question<T>(answer: z.ZodType<T>, ask: Ask, signal?: AbortSignal): Promise<T> {
    try {
      return await call(answer, ask, { signal });
    } catch (error) {
      const { status, code } = error as EngineError;
      if (status !== undefined || (code !== "ECONNRESET" && code !== "EPIPE")) throw error;
      return call(answer, ask, { signal });
    }
  }

  const ifThere = <T>(asked: Promise<T>): Promise<T | undefined> =>
    asked.catch((error: unknown) => {
      if (statusOf(error) === 404) return undefined;
      throw error;
    });

  return {
    /** Where it is, in words, and whether it runs on this machine. */
    async address(): Promise<{ where: string; local: boolean }> {
      if (address && "socketPath" in address) return { where: address.socketPath, local: true };
      const modem = (await open()).modem as unknown as Address;
      const { host, port } = modem;
      if (host) return { where: `${host}:${port ?? ""}`, local: isLoopback(host) };
      return { where: String(await modem.getSocketPath()), local: true };
    },

    info: (signal?: AbortSignal) =>
      question(Info, (docker, options) => untyped(docker).info(options), signal),

    imageIfThere: (name: string, signal?: AbortSignal) =>
      ifThere(question(Image, (docker, options) => untyped(docker.getImage(name)).inspect(options), signal)),

    /** Starts to fetch an image. @returns its progress as lines of JSON; the end of the stream is the end of the fetching */
    pull: (name: string, signal: AbortSignal): Promise<Readable> =>
      call(
        z.custom<Readable>((stream) => typeof (stream as Readable)?.on === "function"),
        // not the call's own limit, which would end the stream too
        (docker) => docker.pull(name, { abortSignal: signal }),
        { signal },
      ),

    /** @returns false where the name is taken */
    create: async (name: string, body: object, signal?: AbortSignal): Promise<boolean> => {
      try {
        // apart from each other: dockerode would write the whole body, with its token, into the address as well
        const request = { _query: { name }, _body: body };
        await call(
          z.unknown(),
          (docker, options) => docker.createContainer({ ...request, ...options } as object),
          {
            signal,
          },
        );
        return true;
      } catch (error) {
        if (statusOf(error) === 409) return false;
        throw error;
      }
    },

    /** One that runs already counts as started. */
    start: async (name: string, signal?: AbortSignal): Promise<void> => {
      try {
        await call(z.unknown(), (docker, options) => docker.getContainer(name).start(options), { signal });
      } catch (error) {
        if (statusOf(error) !== 304) throw error;
      }
    },

    containerIfThere: (name: string, signal?: AbortSignal) =>
      ifThere(question(Container, (docker, options) => docker.getContainer(name).inspect(options), signal)),

    containers: (label: string, signal?: AbortSignal) =>
      question(
        Listed,
        (docker, options) => docker.listContainers({ ...options, all: true, filters: { label: [label] } }),
        signal,
      ),

    kill: (name: string, how: "SIGTERM" | "SIGKILL", signal?: AbortSignal) =>
      call(z.unknown(), (docker, options) => docker.getContainer(name).kill({ ...options, signal: how }), {
        signal,
      }),

    unpause: (name: string, signal?: AbortSignal) =>
      call(z.unknown(), (docker, options) => docker.getContainer(name).unpause(options), { signal }),

    /** With its scratch volume; one that is gone, or going, counts as removed. */
    remove: async (name: string, { force = false } = {}, signal?: AbortSignal): Promise<void> => {
      try {
        await call(
          z.unknown(),
          (docker, options) => docker.getContainer(name).remove({ ...options, v: true, force }),
          {
            signal,
          },
        );
      } catch (error) {
        const going = statusOf(error) === 409 && /already in progress/i.test((error as Error).message);
        if (statusOf(error) !== 404 && !going) throw error;
      }
    },

    /** Its output from the end, as frames (container.ts). */
    logs: (name: string, tail: number, signal?: AbortSignal) =>
      ifThere(
        question(
          Bytes,
          (docker, options) =>
            docker.getContainer(name).logs({ ...options, stdout: true, stderr: true, tail }),
          signal,
        ),
      ),

    volumeIfThere: (name: string, signal?: AbortSignal) =>
      ifThere(question(Volume, (docker, options) => docker.getVolume(name).inspect(options), signal)),

    /** One that is there already is kept as it is. */
    createVolume: (name: string, ownLabels: Record<string, string>, signal?: AbortSignal) =>
      call(
        z.unknown(),
        (docker, options) => docker.createVolume({ ...options, Name: name, Labels: ownLabels }),
        {
          signal,
        },
      ),

    removeVolume: (name: string, signal?: AbortSignal) =>
      ifThere(call(z.unknown(), (docker, options) => docker.getVolume(name).remove(options), { signal })),
  };
}

export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);

/** What of docker-modem is not in its types. */
interface Address {
  host?: string;
  port?: number | string;
  getSocketPath(): Promise<string>;
}

/** Their types know nothing of the options that they take. */
const untyped = (thing: object) =>
  thing as { info(options: object): Promise<unknown>; inspect(options: object): Promise<unknown> };

interface Thrown {
  statusCode?: number;
  code?: string;
  message?: string;
  json?: { message?: unknown } | Buffer | null;
}

function asEngineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const { statusCode, code, message = String(error), json } = error as Thrown;
  const said = json && !Buffer.isBuffer(json) && typeof json.message === "string" ? json.message : message;
  return new EngineError(said, {
    ...(statusCode !== undefined && { status: statusCode }),
    ...(code !== undefined && { code: CODES[code] ?? (code.startsWith("HPE_") ? "GARBAGE" : code) }),
    cause: error,
  });
}

/** Names of Node's own for what has a name here already. */
const CODES: Partial<Record<string, string>> = { ABORT_ERR: "ABORTED" };
