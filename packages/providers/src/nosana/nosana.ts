import { setTimeout as sleep } from "node:timers/promises";
import { checkLaunch, isLaunchKey, tailOf } from "../launch.ts";
import {
  type ComputeProvider,
  type LaunchRef,
  type LaunchSpec,
  type Observation,
  ProviderError,
  type Requirements,
} from "../provider.ts";
import type { Deployment, Market } from "./answers.ts";
import { kept, orGivenUp, orUndefined } from "./calls.ts";
import { createNosanaClient, isOnThisMachine, NOSANA_API, NotFound, TooLarge } from "./client.ts";
import { createFinder, refOf, THERE } from "./find.ts";
import { checkReachable, checkSettings, deploymentOf, imageProblem, type Settings } from "./job.ts";
import { createWaits, OFFERS_MS, offersOf, usdPerHourOf } from "./markets.ts";
import { isOver, jobThatCounts, opOf, plain, withJob, withoutJob } from "./observe.ts";

/** How long a release waits for a deployment whose job is over (ms), and how often it looks. */
const SETTLE_MS = 3000;
const SETTLE_STEP_MS = 200;

export interface NosanaProviderOptions {
  apiKey: string;
  /** With or without `/api` at its end; undefined: Nosana's own. */
  baseUrl?: string | undefined;
  /** Addresses or slugs of markets; empty: any that fits. */
  markets: readonly string[];
  /** The worker image, by digest. */
  image: string;
  /** A short id of this installation: other installations on the same account are not touched. */
  scope: string;
  /** What goes with a launch besides the four variables; none of it may be a secret. */
  settings: Settings;
  /** ms since 1970 */
  now?: () => number;
  /** How long one answer of the service is waited for (ms; 10,000). */
  answerMs?: number;
}

const STOPPABLE = ["RUNNING", "ERROR", "INSUFFICIENT_FUNDS"];
/** A deployment that was made this long ago (ms) and not started will not be started any more. */
const DRAFT_MS = 60_000;
const BALANCE_MS = 30_000;
const ID = "nosana";

/**
 * Runs each launch as one SIMPLE deployment on Nosana's GPU market. Creating has no idempotency key there, so a launch is found by its
 * name before it is made. A deployment that was made and not started (DRAFT) is no launch: nothing runs and nothing costs, and the service
 * lets nobody remove it. Submitting its key again starts it; else it is left where it is.
 */
export function createNosanaProvider(options: NosanaProviderOptions): ComputeProvider {
  const {
    apiKey,
    baseUrl = NOSANA_API,
    markets: wanted,
    image,
    scope,
    settings,
    now = Date.now,
    answerMs,
  } = options;
  checkSettings(settings);
  const client = createNosanaClient({ apiKey, baseUrl, now, answerMs });
  const { named, nameOf, list } = createFinder({ client, scope, now });
  const waits = createWaits();
  const submissions = new Map<string, Promise<LaunchRef>>();
  const markets = kept(OFFERS_MS, now, (signal) => client.markets(signal));
  const balance = kept(BALANCE_MS, now, (signal) => client.balance(signal));

  const offers = async (requirements: Requirements, signal?: AbortSignal) =>
    offersOf(await markets(signal), requirements, { wanted, usualWait: waits.usual, now: now() });

  async function submit(spec: LaunchSpec, signal?: AbortSignal): Promise<LaunchRef> {
    const found = await named(spec.launchKey, ["DRAFT", ...THERE], signal);
    const there = found.find(({ status }) => status !== "DRAFT");
    if (there) return refOf(there);
    const [draft] = found;
    const made = draft ?? (await create(spec, signal));
    try {
      await client.change(made.id, "start", signal);
    } catch (error) {
      await startFailed(error, made.id, signal);
    }
    return refOf(made);
  }

  /** Address of the market that the launch goes to. @throws ProviderError CAPACITY, UNSUPPORTED */
  async function marketFor({ offerId, requirements }: LaunchSpec, signal?: AbortSignal): Promise<string> {
    if (offerId === undefined) {
      const [cheapest] = await offers(requirements, signal);
      if (!cheapest)
        throw new ProviderError("CAPACITY", ID, noMarket(wanted, "fits what the launch asks for"));
      return cheapest.offerId;
    }
    const known = await markets(signal).catch((): undefined => undefined);
    if (known && !known.some(({ address }) => address === offerId))
      throw new ProviderError("UNSUPPORTED", ID, `Nosana has no market ${plain(offerId)} (any more)`);
    return offerId;
  }

  async function create(spec: LaunchSpec, signal?: AbortSignal): Promise<Deployment> {
    const market = await marketFor(spec, signal);
    const body = deploymentOf(spec, { name: nameOf(spec.launchKey), market, image, settings });
    // asked first, as a deployment that cannot be started for want of money cannot be removed either
    const free = await balance(signal).catch((error) => {
      if (signal?.aborted || (error instanceof ProviderError && error.kind === "AUTH")) throw error;
      return undefined; // creating it will tell
    });
    if (free !== undefined && free <= 0) {
      balance.forget();
      throw new ProviderError("FUNDS", ID, noMoney(free));
    }
    return client.create(body, [spec.env.KK_CLAIM_TOKEN], signal);
  }

  /** Its deployment is there: in doubt it runs, and is to be looked for. */
  async function startFailed(error: unknown, id: string, signal?: AbortSignal): Promise<void> {
    if (!(error instanceof ProviderError)) throw error;
    const { kind, message, retryAfterMs } = error;
    if (kind === "AUTH" || kind === "FUNDS" || kind === "INVALID") throw error;
    if (kind === "CONFLICT") {
      const seen = await client.deployment(id, signal).catch(() => undefined);
      if (seen && THERE.includes(seen.status)) return; // somebody else has started it
    }
    throw new ProviderError("AMBIGUOUS", ID, message, {
      cause: error,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }

  /** Its newest sign of trouble, for as long as no job is there: the service tries again by itself, and says so nowhere else. */
  async function troubleOf({ id }: Deployment, signal?: AbortSignal): Promise<string | undefined> {
    const [latest] = await client.events(id, signal).catch(() => []);
    if (!latest || !/ERROR|INSUFFICIENT/i.test(latest.type)) return undefined;
    return `Nosana: ${plain(latest.message) || plain(latest.type)}`;
  }

  async function marketOf({ market }: Deployment, signal?: AbortSignal) {
    const all = await markets(signal).catch((): Market[] => []); // without it the price is missing, no more
    const known = all.find(({ address }) => address === market);
    return { market: known?.name || known?.slug || market, usdPerHour: known && usdPerHourOf(known) };
  }

  async function observe({ ref }: LaunchRef, signal?: AbortSignal): Promise<Observation> {
    const deployment = await orUndefined(client.deployment(ref, signal));
    if (!deployment) return { phase: "lost" };
    if (deployment.status === "ARCHIVED") return archived(signal);
    const { market, usdPerHour } = await marketOf(deployment, signal);
    const begun = !["DRAFT", "STARTING"].includes(deployment.status);
    const job = begun ? jobThatCounts(await client.jobs(ref, signal)) : undefined;
    if (!job) return withoutJob(deployment, market, await troubleOf(deployment, signal));
    let tooLarge = false;
    const detail = await orUndefined(client.job(ref, job.job, signal)).catch((error) => {
      tooLarge = error instanceof TooLarge;
      // the list alone tells enough of a job that goes on
      if (tooLarge || (!isOver(job) && !signal?.aborted && isAway(error))) return undefined;
      throw error;
    });
    const listed = detail?.listedAt ?? job.created_at;
    if (detail?.timeStart && listed) waits.saw(deployment.market, job.job, detail.timeStart - listed);
    return withJob({ deployment, job, detail, tooLarge, market, usdPerHour, now: client.serviceNow() });
  }

  /** Archived means released, unless there is a debt: then Nosana archives all that an account has. */
  async function archived(signal?: AbortSignal): Promise<Observation> {
    balance.forget();
    const free = await balance(signal).catch(() => 0);
    return free < 0
      ? { phase: "exited", exitCode: null, reason: "funds", message: noMoney(free) }
      : { phase: "lost" };
  }

  /** A deployment follows the end of its job, but a moment later. */
  async function settled(ref: string, signal?: AbortSignal): Promise<Deployment | undefined> {
    for (let waited = 0; ; waited += SETTLE_STEP_MS) {
      const deployment = await orUndefined(client.deployment(ref, signal));
      const follows = deployment?.status === "RUNNING" || deployment?.status === "STOPPING";
      if (!follows || waited >= SETTLE_MS) return deployment;
      const job = jobThatCounts((await orUndefined(client.jobs(ref, signal))) ?? []);
      if (!job || !isOver(job)) return deployment;
      await sleep(SETTLE_STEP_MS, undefined, { signal });
    }
  }

  return {
    id: ID,
    capabilities: {
      submit: "lookup",
      deadline: "native",
      logs: "after-exit",
      envVisibleTo: "public",
      gpu: true,
      list: true,
    },

    async probe(signal) {
      try {
        if (imageProblem(image) === "wrong")
          return { ok: false, detail: `"${image}" is no image name: set WORKER_IMAGE` };
        balance.forget(); // who asks wants to know it now
        const free = await balance(signal);
        const fitting = await offers({ gpu: "required", diskGb: 0, maxRuntimeSeconds: 0 }, signal);
        const freeUsd = Math.round(free * 100) / 100;
        if (free <= 0) return { ok: false, detail: noMoney(free), freeUsd };
        if (fitting.length === 0) return { ok: false, detail: noMarket(wanted), freeUsd };
        const from = fitting[0]?.usdPerHour;
        const price = from === null || from === undefined ? "" : ` from $${from.toFixed(3)} an hour`;
        const tag =
          imageProblem(image) === "tag"
            ? `. WORKER_IMAGE has no digest: write it as ${image}@sha256:…, or nodes may run different copies`
            : "";
        const place = fitting.length === 1 ? "1 market" : `${fitting.length} markets`;
        return { ok: true, detail: `$${free.toFixed(2)} free, ${place}${price}${tag}`, freeUsd };
      } catch (error) {
        return { ok: false, detail: error instanceof Error ? error.message : String(error) };
      }
    },

    offers,

    async submit(spec, signal) {
      checkLaunch(ID, spec);
      if (!isOnThisMachine(baseUrl)) checkReachable(spec.env.KK_API_URL);
      if (signal?.aborted) throw givenUp();
      // two callers in this process make one deployment; those of other processes are told apart by the claim
      const under = submissions.get(spec.launchKey);
      if (under !== undefined) return orGivenUp(under, signal);
      const submission = submit(spec, signal).finally(() => submissions.delete(spec.launchKey));
      submissions.set(spec.launchKey, submission);
      return submission;
    },

    async find(launchKey, signal) {
      if (!isLaunchKey(launchKey)) return [];
      return (await named(launchKey, THERE, signal)).map(refOf);
    },

    observe,

    async cancel({ ref }, _options, signal) {
      const deployment = await orUndefined(client.deployment(ref, signal));
      if (!deployment) return "gone";
      const { status, created_at } = deployment;
      if (status === "STOPPED" || status === "ARCHIVED") return "gone";
      // a start may be on its way; later there is nothing to end
      if (status === "DRAFT") return client.serviceNow() - created_at > DRAFT_MS ? "gone" : "retry";
      if (status === "STOPPING") return "stopping";
      if (!STOPPABLE.includes(status)) return "retry"; // STARTING cannot be stopped
      try {
        await client.change(ref, "stop", signal);
        return "stopping";
      } catch (error) {
        if (error instanceof NotFound) return "gone";
        if (error instanceof ProviderError && error.kind === "CONFLICT") return "retry";
        throw error;
      }
    },

    async logs({ ref }, { tail }, signal) {
      const job = jobThatCounts((await orUndefined(client.jobs(ref, signal))) ?? []);
      const result = job && (await orUndefined(client.jobLogs(ref, job.job, signal)));
      const lines = ((result && opOf(result)?.logs) ?? []).map(({ log }) => log.replace(/\r?\n$/, ""));
      return tailOf(lines.join("\n"), tail);
    },

    async release({ ref }, signal) {
      const deployment = await settled(ref, signal);
      if (!deployment || deployment.status === "ARCHIVED" || deployment.status === "DRAFT") return;
      if (deployment.status !== "STOPPED")
        throw new ProviderError("CONFLICT", ID, `${ref} is ${deployment.status}: cancel it first`);
      try {
        await client.change(ref, "archive", signal);
      } catch (error) {
        if (error instanceof NotFound) return;
        const now = await orUndefined(client.deployment(ref, signal)).catch(() => deployment);
        if (now && now.status !== "ARCHIVED") throw error;
      }
    },

    list,
  };
}

const noMoney = (free: number) =>
  free < 0
    ? `The balance is negative ($${free.toFixed(2)}): Nosana archives all deployments of the account until it is topped up at https://deploy.nosana.com`
    : "No credits are left: top up at https://deploy.nosana.com";
const noMarket = (wanted: readonly string[], that = "can be used now") =>
  wanted.length > 0
    ? `None of the markets ${wanted.join(", ")} of Nosana ${that}: check NOSANA_MARKET`
    : `No market of Nosana ${that}`;

const isAway = (error: unknown) => error instanceof ProviderError && error.kind === "UNAVAILABLE";
const givenUp = () => new ProviderError("UNAVAILABLE", ID, "The submission was given up before it began");
