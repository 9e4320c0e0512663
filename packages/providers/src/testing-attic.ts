import {
  type ComputeProvider,
  checkLaunch,
  isLaunchKey,
  type Observation,
  ProviderError,
  type ProviderErrorKind,
  tailOf,
} from "@kangklip/providers";
import { z } from "zod";

export interface AtticOptions {
  /** Where the agent of the computer in the attic listens. */
  url: string;
  token: string;
  /** The program there that is the worker. */
  program: string;
  /** This installation, four to twelve letters and digits: several may use one attic. */
  scope: string;
}

const Launch = z.object({
  name: z.string(),
  created_at: z.number(), // ms since 1970
  state: z.enum(["running", "stopping", "ended"]),
  exit_code: z.int().nullable(),
  ended_by: z.enum(["itself", "request", "deadline"]).nullable(),
});

/** What a status means to whoever asked. Anything else is the attic's own trouble: UNAVAILABLE, asked again later. */
const KINDS: Record<number, ProviderErrorKind> = {
  400: "INVALID",
  401: "AUTH",
  403: "AUTH",
  409: "CONFLICT",
  422: "IMAGE", // it has no such program
  429: "RATE_LIMITED",
  507: "CAPACITY",
};

/** Runs workers on the computer in the attic. */
export function createAtticProvider({ url, token, program, scope }: AtticOptions): ComputeProvider {
  const id = "attic";
  // the launch key is the idempotency key: as part of the name it makes a second submission the first one
  const nameOf = (launchKey: string) => `${scope}-${launchKey}`;
  const keyOf = (name: string) => (name.startsWith(`${scope}-`) ? name.slice(scope.length + 1) : "");
  /** References come back from a database: one that is not ours must reach nothing. */
  const isOurs = (name: string) => isLaunchKey(keyOf(name));
  const refOf = (name: string) => ({ provider: id, ref: name });

  /** @returns undefined where there is no such launch. */
  async function call<T>(
    method: string,
    path: string,
    schema: z.ZodType<T>,
    { signal, body }: { signal: AbortSignal | undefined; body?: unknown },
  ): Promise<T | undefined> {
    const limits = [AbortSignal.timeout(20_000), ...(signal ? [signal] : [])];
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.any(limits),
      });
      text = await response.text();
    } catch (cause) {
      // where nobody took the call nothing was started; in any other case it may have been
      const isRefused = (cause as { cause?: { code?: string } }).cause?.code === "ECONNREFUSED";
      const kind = method === "PUT" && !isRefused ? "AMBIGUOUS" : "UNAVAILABLE";
      throw new ProviderError(kind, id, `The attic did not answer to ${method} ${path}`, { cause });
    }
    if (response.status === 404) return undefined;
    if (!response.ok) {
      const retryAfter = Number(response.headers.get("retry-after"));
      const kind = KINDS[response.status] ?? "UNAVAILABLE";
      throw new ProviderError(kind, id, `The attic answered ${response.status} to ${method} ${path}`, {
        ...(retryAfter > 0 && { retryAfterMs: retryAfter * 1000 }),
      });
    }
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      const kind = method === "PUT" ? "AMBIGUOUS" : "UNAVAILABLE";
      throw new ProviderError(kind, id, `The attic's answer to ${method} ${path} makes no sense`, { cause });
    }
  }

  return {
    id,
    capabilities: {
      submit: "native",
      deadline: "native",
      logs: "live",
      envVisibleTo: "operator",
      gpu: false,
      list: true,
    },

    async probe(signal) {
      try {
        const launches = await call("GET", "/launches", z.array(Launch), { signal });
        return { ok: true, detail: `${launches?.length ?? 0} launches are known in the attic` };
      } catch (error) {
        return { ok: false, detail: error instanceof Error ? error.message : String(error) };
      }
    },

    async offers({ gpu, nvenc }) {
      if (gpu === "required" || nvenc === "required") return [];
      const expiresAt = Date.now() + 60_000;
      return [
        {
          provider: id,
          offerId: "any",
          label: "the attic",
          usdPerHour: 0,
          availability: "unknown",
          expiresAt,
        },
      ];
    },

    async submit(spec, signal) {
      const env = checkLaunch(id, spec);
      signal?.throwIfAborted();
      const { gpu, maxRuntimeSeconds } = spec.requirements;
      if (gpu === "required") throw new ProviderError("UNSUPPORTED", id, "The attic has no GPU");
      const name = nameOf(spec.launchKey);
      const body = { program, env, max_seconds: maxRuntimeSeconds };
      const launch = await call("PUT", `/launches/${name}`, Launch, { signal, body });
      if (!launch) throw new ProviderError("UNAVAILABLE", id, `There is no attic at ${url}`);
      return refOf(launch.name);
    },

    async find(launchKey, signal) {
      if (!isLaunchKey(launchKey)) return [];
      const launch = await call("GET", `/launches/${nameOf(launchKey)}`, Launch, { signal });
      return launch ? [refOf(launch.name)] : [];
    },

    async observe({ ref }, signal) {
      const launch = isOurs(ref) ? await call("GET", `/launches/${ref}`, Launch, { signal }) : undefined;
      return launch ? observationOf(launch) : { phase: "lost" };
    },

    async cancel({ ref }, { graceSeconds }, signal) {
      if (!isOurs(ref)) return "gone";
      const body = { grace_seconds: graceSeconds };
      const launch = await call("POST", `/launches/${ref}/stop`, Launch, { signal, body });
      return !launch || launch.state === "ended" ? "gone" : "stopping";
    },

    async logs({ ref }, { tail }, signal) {
      const output = isOurs(ref) && (await call("GET", `/launches/${ref}/log`, z.string(), { signal }));
      return tailOf(output || "", tail);
    },

    async release({ ref }, signal) {
      if (isOurs(ref)) await call("DELETE", `/launches/${ref}`, Launch, { signal });
    },

    async *list(signal) {
      const launches = (await call("GET", "/launches", z.array(Launch), { signal })) ?? [];
      for (const { name, created_at } of launches)
        if (isOurs(name)) yield { ref: refOf(name), launchKey: keyOf(name), createdAt: created_at };
    },
  };
}

function observationOf({ state, exit_code, ended_by }: z.infer<typeof Launch>): Observation {
  if (state !== "ended") return { phase: state };
  const reasons = { request: "cancelled", deadline: "timeout", itself: "error" } as const;
  const reason = exit_code === 0 ? "completed" : reasons[ended_by ?? "itself"];
  return { phase: "exited", exitCode: exit_code, reason };
}
