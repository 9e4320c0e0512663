import { setTimeout as sleep } from "node:timers/promises";
import { KangKlipError } from "@kangklip/contract";
import { z } from "zod";
import type { Logger } from "../../log.ts";
import { chainOf } from "./chain.ts";
import { createPlaces, type RpcPlace } from "./rpc-places.ts";
import { NoAnswer, Refusal, tryOnce } from "./rpc-try.ts";

/** Somebody may be waiting: the answer, or that there is none, comes within 5 s. */
const TOTAL_MS = 4500;
/** In less (ms) nobody answers. */
const MIN_TRY_MS = 20;
/** Most for one try at one RPC, so that another one can still be asked. */
const TRY_MS = 2000;
const MAX_BYTES = 4 << 20;
/** A minute: none that works is so far behind another one. */
const BEHIND_SLOTS = 150;
/** It is asked last for so long (ms). */
const BEHIND_MS = 20_000;
/** Of many who get no answer, one line is logged in this time (ms). */
const SAY_MS = 5000;
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 800;

export interface CallOptions {
  /** In all (ms; default 4,500). */
  totalMs?: number;
  /** Per try (ms; default 2,000). */
  tryMs?: number;
  /** Most that is read of an answer (bytes; default 4 MiB). */
  maxBytes?: number;
}

export interface RpcOptions {
  /** In order of preference; all of one chain. */
  urls: readonly string[];
  log: Logger;
  fetch?: typeof globalThis.fetch;
}

type Ask<Options> = <T>(
  method: string,
  params: readonly unknown[],
  schema: z.ZodType<T>,
  options?: Options,
) => Promise<T>;
/** How an RPC is asked: one after the other until one answers, or all at once. */
export interface Asking {
  call: Ask<CallOptions>;
  spread: Ask<never>;
}
export type Rpc = ReturnType<typeof createRpc>;

/**
 * Calls Solana's JSON-RPC, at the place that answered last, and at the next one where it is busy, behind or away. A place is asked for its
 * genesis hash before anything else: an answer of another chain could make a landed charge look as if it never happened.
 * Addresses of RPCs hold keys: errors and log lines name the host alone, and repeat nothing that an RPC said.
 */
export function createRpc({ urls, log, fetch = globalThis.fetch }: RpcOptions) {
  const places = createPlaces(urls);
  let genesis: { hash: string; host: string } | undefined;
  /** Set for good once two places turned out to be of different chains. */
  let mixed: string | undefined;
  let saidAt = Number.NEGATIVE_INFINITY;

  async function verified(place: RpcPlace, limits: { timeoutMs: number; maxBytes: number }) {
    if (place.verified) return;
    const hash = await tryOnce({ fetch, place, method: "getGenesisHash", params: [], ...limits }, z.string());
    genesis ??= { hash, host: place.host };
    if (hash !== genesis.hash) {
      mixed = `SOLANA_RPC_URL names RPCs of different chains: ${genesis.host} is ${chainOf(genesis.hash)}, ${place.host} is ${chainOf(hash)}`;
      log.error({ rpc: place.host }, mixed);
      throw new KangKlipError("UNAVAILABLE", OUT_OF_ORDER);
    }
    place.verified = true;
  }

  /**
   * @returns the answer's `result`.
   * @throws Refusal where an RPC gave an error that another one would give too; KangKlipError UNAVAILABLE where none answered in time
   */
  async function call<T>(
    method: string,
    params: readonly unknown[],
    schema: z.ZodType<T>,
    { totalMs = TOTAL_MS, tryMs = TRY_MS, maxBytes = MAX_BYTES }: CallOptions = {},
  ): Promise<T> {
    const until = performance.now() + totalMs;
    const left = () => until - performance.now();
    let asked = 0;
    let last: NoAnswer | undefined;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      for (const place of places.inOrder()) {
        if (mixed !== undefined) throw new KangKlipError("UNAVAILABLE", OUT_OF_ORDER);
        if (left() < MIN_TRY_MS) break;
        if (places.isBusy(place)) continue;
        const limits = () => ({ timeoutMs: Math.max(1, Math.ceil(Math.min(tryMs, left()))), maxBytes });
        try {
          await verified(place, limits());
          asked++;
          const answer = await tryOnce({ fetch, place, method, params, ...limits() }, schema);
          places.answered(place);
          return answer;
        } catch (error) {
          if (error instanceof Refusal) {
            places.answered(place);
            error.tries = asked;
            throw error;
          }
          if (!(error instanceof NoAnswer)) throw error;
          last = error;
          places.failed(place, error.retryAfterMs);
          if (error.retryAfterMs === undefined) place.verified = false; // who comes back may be another one
          log.debug({ rpc: place.host, method, why: error.message }, "An RPC gave no answer");
        }
      }
      // whoever asked for a pause gets it, though somebody waits: asking on makes it longer
      const pause = Math.max(places.busyMs(), pauseMs * (0.5 + Math.random() / 2));
      if (left() <= pause) break;
      await sleep(pause);
    }
    if (performance.now() - saidAt >= SAY_MS) {
      saidAt = performance.now();
      log.warn({ method, rpc: last?.host, why: last?.message }, "No Solana RPC answers");
    }
    throw new KangKlipError("UNAVAILABLE", "The Solana network does not answer now", { cause: last });
  }

  /**
   * Puts the same question to every place at once, and ends with the first good answer: for what may be done twice, and what one place
   * alone may be dropping.
   * @throws KangKlipError UNAVAILABLE where no place gave one in time
   */
  async function spread<T>(method: string, params: readonly unknown[], schema: z.ZodType<T>): Promise<T> {
    const limits = { timeoutMs: TRY_MS, maxBytes: MAX_BYTES };
    const free = places.inOrder().filter((place) => !places.isBusy(place));
    const asked = free.map(async (place) => {
      await verified(place, limits);
      return tryOnce({ fetch, place, method, params, ...limits }, schema);
    });
    try {
      return await Promise.any(asked);
    } catch (error) {
      const why = (error as AggregateError).errors.map(({ message }: Error) => message);
      log.info({ method, why }, "No Solana RPC takes this");
      throw new KangKlipError("UNAVAILABLE", "The Solana network does not answer now");
    }
  }

  /** Asks every place how far it is: one that stands still answers like all others, from an ever older chain, and is asked last from then on. */
  async function compare(): Promise<void> {
    if (urls.length < 2 || mixed !== undefined) return;
    const limits = { timeoutMs: TRY_MS, maxBytes: MAX_BYTES };
    const params = [{ commitment: "confirmed" }];
    const slots = await Promise.all(
      places.inOrder().map(async (place) => {
        try {
          await verified(place, limits);
          const slot = await tryOnce({ fetch, place, method: "getSlot", params, ...limits }, z.int());
          return { place, slot };
        } catch {
          return { place, slot: undefined }; // whoever asks it next finds out
        }
      }),
    );
    const best = Math.max(...slots.map(({ slot }) => slot ?? 0));
    for (const { place, slot } of slots) {
      if (slot === undefined || best - slot <= BEHIND_SLOTS) continue;
      places.behind(place, BEHIND_MS);
      log.warn({ rpc: place.host, slots: best - slot }, "An RPC is behind the others");
    }
  }

  return {
    call,
    spread,
    compare,
    /** Calls that together may take no longer than this (ms). */
    within(ms: number): Asking {
      const until = performance.now() + ms;
      return {
        spread,
        call: (method, params, schema, options = {}) => {
          const totalMs = Math.min(options.totalMs ?? TOTAL_MS, until - performance.now());
          return call(method, params, schema, { ...options, totalMs });
        },
      };
    },
    /** The chain's genesis hash, once any call was answered. */
    genesis: () => genesis?.hash,
    /** What is wrong with the list of RPCs, if anything. */
    mixed: () => mixed,
  };
}

const OUT_OF_ORDER = "Credits are out of order: the operator has to look at the settings";
