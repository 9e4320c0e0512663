import type { z } from "zod";
import { ProviderError, type ProviderErrorKind } from "../provider.ts";
import {
  Balance,
  Deployment,
  DeploymentPage,
  EventPage,
  JobDetail,
  JobLogs,
  JobPage,
  Markets,
  Moved,
} from "./answers.ts";
import type { DeploymentBody } from "./job.ts";
import {
  CLOSED,
  codeOf,
  hide,
  kindOf,
  MESSAGE_LETTERS,
  messageIn,
  NEVER_SENT,
  NEW_KEY,
  retryAfter,
} from "./refusal.ts";

export const NOSANA_API = "https://dashboard.k8s.prd.nos.ci/api";
/** How long one answer is waited for. */
const ANSWER_MS = 10_000;
const ANSWER_BYTES = 8 << 20;
/** A job's result holds all that its container printed. */
const RESULT_BYTES = 32 << 20;
const ERROR_BYTES = 64 << 10;
const PAGE_SIZE = 100; // the service takes 10, 20, 50 or 100
/** More pages than anybody has deployments for; a server that never ends its list is not read for ever. */
const MAX_PAGES = 2000;

/** No such deployment; never leaves the provider as an error of its own. */
export class NotFound extends ProviderError {}

/** The answer is larger than what is read of it. */
export class TooLarge extends ProviderError {}

export interface NosanaClientOptions {
  apiKey: string;
  /** With or without `/api` at its end. */
  baseUrl?: string | undefined;
  /** ms since 1970 */
  now?: (() => number) | undefined;
  /** How long one answer is waited for (ms). */
  answerMs?: number | undefined;
}

export type NosanaClient = ReturnType<typeof createNosanaClient>;

/** What is asked of the list of deployments, besides the pages. */
export interface DeploymentQuery {
  status: readonly string[];
  /** Exact name. Older servers do not know this filter: filter again. */
  name?: string;
  /** Part of the name; as above. */
  search?: string;
  /** ms since 1970, in the service's time */
  createdAfter?: number | undefined;
}

/**
 * The deployments API of Nosana as plain calls: every answer is parsed, bounded in size and time, and every failure is a ProviderError of
 * the right kind. Redirects are not followed, as the key would go along; neither the key nor a claim token gets into a message.
 */
export function createNosanaClient(options: NosanaClientOptions) {
  const { apiKey, baseUrl = NOSANA_API, now = Date.now, answerMs = ANSWER_MS } = options;
  const base = apiBase(baseUrl);
  /** The service's clock minus ours, from its last answer. */
  let skewMs = 0;
  let knowsNames = true;

  interface Call<T> {
    method?: "GET" | "POST";
    path: string;
    schema: z.ZodType<T>;
    body?: unknown;
    /** The call makes something, and cannot be repeated where it is not known whether it did. */
    creates?: boolean;
    maxBytes?: number;
    /** Kept out of messages, as the service may repeat what it was sent. */
    secrets?: readonly string[];
    signal?: AbortSignal | undefined;
  }

  async function call<T>({
    method = "GET",
    path,
    schema,
    body,
    creates = false,
    ...rest
  }: Call<T>): Promise<T> {
    const { maxBytes = ANSWER_BYTES, secrets = [], signal } = rest;
    const unsure = creates ? "AMBIGUOUS" : "UNAVAILABLE";
    const [route = path] = path.split("?");
    const fail = (
      kind: ProviderErrorKind,
      text: string,
      more: { cause?: unknown; retryAfterMs?: number } = {},
    ) => new ProviderError(kind, "nosana", hide(text, [apiKey, ...secrets]), more);
    const ask = async () => {
      const timeout = AbortSignal.timeout(answerMs);
      const response = await fetch(`${base}${path}`, {
        method,
        redirect: "manual",
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        headers: {
          authorization: `Bearer ${apiKey}`,
          accept: "application/json",
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const date = Date.parse(response.headers.get("date") ?? "");
      if (Number.isFinite(date)) skewMs = date - now();
      return { response, text: await readBody(response, response.ok ? maxBytes : ERROR_BYTES) };
    };
    // a kept connection may be closed by the other side just as it is used again: what only asks is asked once more
    const again = (error: unknown) => {
      if (method !== "GET" || !CLOSED.has(codeOf(error)) || signal?.aborted) throw error;
      return ask();
    };
    const { response, text } = await ask()
      .catch(again)
      .catch((error: unknown) => {
        if (error instanceof TooLarge) throw error;
        if (signal?.aborted) throw fail(unsure, `${method} ${route} was given up`);
        const code = codeOf(error);
        const kind = NEVER_SENT.has(code) ? "UNAVAILABLE" : unsure;
        throw fail(kind, `Nosana did not answer ${method} ${route}: ${code}`, { cause: error });
      });
    const json = parseJson(text);
    if (!response.ok) {
      const said = messageIn(json);
      const kind = kindOf(response.status, said, creates);
      const words = `Nosana answered ${response.status} to ${method} ${route}${said && `: ${said}`}`;
      if (kind === "NOT_FOUND") {
        if (creates) throw fail("UNSUPPORTED", words); // its market
        throw new NotFound("CONFLICT", "nosana", hide(words, [apiKey, ...secrets]));
      }
      const retryAfterMs = retryAfter(response.headers.get("retry-after"), now() + skewMs);
      throw fail(kind, kind === "AUTH" ? `${words}. ${NEW_KEY}` : words, {
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      });
    }
    const parsed = schema.safeParse(json);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const what =
      json === undefined ? "no JSON" : `${issue?.path.join(".") || "all of it"}: ${issue?.message}`;
    throw fail(unsure, `Nosana answered ${method} ${route} in a way that is not understood (${what})`);
  }

  /** Page after page, newest first. */
  async function* pages({ status, createdAfter, ...names }: DeploymentQuery, signal?: AbortSignal) {
    let cursor: string | null | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = new URLSearchParams({
        limit: String(PAGE_SIZE),
        sort_order: "desc",
        status: status.join(","),
        ...(createdAfter !== undefined && { created_after: new Date(createdAfter).toISOString() }),
        ...(knowsNames && names),
        ...(cursor && { cursor }),
      });
      const answer = await call({ path: `/deployments?${query}`, schema: DeploymentPage, signal }).catch(
        (error) => {
          if (!(error instanceof ProviderError) || error.kind !== "INVALID" || !knowsNames) throw error;
          knowsNames = false; // it refuses what it does not know: asked without
          return undefined;
        },
      );
      if (!answer) continue;
      yield answer.deployments;
      const next = answer.pagination.cursor_next;
      if (!next || next === cursor) return;
      cursor = next;
    }
    throw new ProviderError("UNAVAILABLE", "nosana", "Nosana's list of deployments does not end");
  }

  const at = (id: string, rest = "") => {
    if (!/^[\w-]{1,100}$/.test(id))
      throw new NotFound("CONFLICT", "nosana", `"${id}" is no deployment of Nosana`);
    return `/deployments/${id}${rest}`;
  };
  const jobAt = (id: string, job: string) => at(id, `/jobs/${encodeURIComponent(job)}`);
  const newest = "?limit=10&sort_order=desc";

  return {
    /** What the service's clock shows (ms since 1970), as times in its answers are in its time. */
    serviceNow: () => now() + skewMs,
    /** Deployments of this account, newest first. */
    async *deployments(query: DeploymentQuery, signal?: AbortSignal) {
      for await (const page of pages(query, signal)) yield* page;
    },
    /** @throws NotFound */
    deployment: async (id: string, signal?: AbortSignal) =>
      call({ path: at(id), schema: Deployment, signal }),
    /** @throws ProviderError AMBIGUOUS where it may have been made */
    create: (body: DeploymentBody, secrets: readonly string[], signal?: AbortSignal) =>
      call({
        ...{ method: "POST", path: "/deployments/create", schema: Deployment },
        ...{ body, creates: true, secrets, signal },
      }),
    /** Asks for a change of state. @throws NotFound, ProviderError CONFLICT where the state does not allow it */
    change: async (id: string, to: "start" | "stop" | "archive", signal?: AbortSignal) =>
      call({ method: "POST", path: at(id, `/${to}`), schema: Moved, signal }),
    /** Its jobs, newest first. @throws NotFound */
    jobs: async (id: string, signal?: AbortSignal) =>
      (await call({ path: at(id, `/jobs${newest}`), schema: JobPage, signal })).jobs,
    /** @throws NotFound, TooLarge */
    job: async (id: string, job: string, signal?: AbortSignal) =>
      call({ path: jobAt(id, job), schema: JobDetail, maxBytes: RESULT_BYTES, signal }),
    /** What it printed. @throws NotFound, TooLarge */
    jobLogs: async (id: string, job: string, signal?: AbortSignal) =>
      (await call({ path: jobAt(id, job), schema: JobLogs, maxBytes: RESULT_BYTES, signal })).jobResult,
    /** What happened to it, newest first. @throws NotFound */
    events: async (id: string, signal?: AbortSignal) =>
      (await call({ path: at(id, `/events${newest}`), schema: EventPage, signal })).events,
    /** US dollars that are free to spend; below 0 is an alarm: Nosana archives everything then. */
    balance: async (signal?: AbortSignal) => {
      const credits = await call({ path: "/credits/balance", schema: Balance, signal });
      return credits.assignedCredits - credits.reservedCredits - credits.settledCredits;
    },
    markets: (signal?: AbortSignal) => call({ path: "/markets/", schema: Markets, signal }),
  };
}

/** The address that paths are put behind. @throws Error where the key would go unencrypted over a network */
export function apiBase(url: string): string {
  const { protocol, href, search, hash } = new URL(url);
  if (search || hash || !(protocol === "https:" || (protocol === "http:" && isOnThisMachine(url))))
    throw new Error(`NOSANA_API_BASE must be an https address, as the API key is sent there, not ${url}`);
  const bare = href.replace(/\/+$/, "");
  return bare.endsWith("/api") ? bare : `${bare}/api`;
}

/** Whether an address is one of this machine itself: a stand-in's. */
export function isOnThisMachine(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

async function readBody(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (response.body)
    for await (const chunk of response.body) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) {
        if (!response.ok) break; // of a refusal its beginning is enough
        throw new TooLarge("UNAVAILABLE", "nosana", `Nosana answered with more than ${maxBytes >> 20} MiB`);
      }
      chunks.push(chunk);
    }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return /^\s*</.test(text) || text.length > MESSAGE_LETTERS ? undefined : text; // a page of a proxy says nothing to people
  }
}
