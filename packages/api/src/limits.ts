import { isIPv6 } from "node:net";
import { KangKlipError } from "@kangklip/contract";
import type { Redis } from "ioredis";
import { RateLimiterMemory, type RateLimiterRes } from "rate-limiter-flexible";
import { createSharedCounts } from "./shared-counts.ts";

const WINDOW_SECONDS = 60;
/** A page asks again with each choice that its visitor makes. */
const QUOTES_PER_JOB = 5;
/** A large file is sent with many links, which are given out by the hundred; a broken line makes a page ask again. */
const UPLOADS_PER_JOB = 10;
/** Looking at an address costs seconds of a process, and a request to somebody else. */
const INSPECTIONS_PER_JOB = 3;
/** Signing in is two requests; a page may try again. */
const SIGN_INS_PER_JOB = 3;
/** One address can use up its own limit, but not that of somebody else's wallet. */
const ADDRESSES_PER_WALLET = 4;

/** A refusal that says how long to wait. */
export class RateLimitedError extends KangKlipError {
  readonly retryAfterSeconds: number;
  constructor(retryAfterSeconds: number) {
    super("RATE_LIMITED", `Too many requests: try again in ${retryAfterSeconds} s`);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * Bounds what one address may start. Each process counts for itself; with Redis, all processes that share it also count together. While
 * it is away the own count alone decides: nobody is refused for an outage, nobody is free of the limit. Redis is asked only about what
 * the own count lets through, so a flood from one address does not reach it (with rate-limiter-flexible's `insuranceLimiter`, which
 * counts after a failure only, a flood that made Redis slow got the limit once more).
 * @param options `redis`: a connection (redis.ts); `prefix` as of the job store
 * @throws RateLimitedError from the functions it gives
 */
export function createLimits(options: {
  jobsPerMinute: number;
  redis?: Redis | undefined;
  prefix?: string | undefined;
}) {
  const { jobsPerMinute, redis, prefix = "kangklip" } = options;
  const shared = redis && createSharedCounts({ redis, seconds: WINDOW_SECONDS });
  const counted = (what: string, points: number) => {
    const own = new RateLimiterMemory({ points, duration: WINDOW_SECONDS });
    return async (address: string): Promise<void> => {
      const owner = ownerOf(address);
      await own.consume(owner).catch((refusal: RateLimiterRes) => {
        throw refusedFor(refusal.msBeforeNext);
      });
      const [count = 0, msLeft = 0] = (await shared?.(`{${prefix}}:limit:${what}:${owner}`)) ?? [];
      if (count > points) throw refusedFor(msLeft);
    };
  };
  const perJob = (times: number) => Math.min(Number.MAX_SAFE_INTEGER, jobsPerMinute * times);
  return {
    jobs: counted("jobs", jobsPerMinute),
    /** Questions that have providers asked, but start nothing. */
    quotes: counted("quotes", perJob(QUOTES_PER_JOB)),
    /** Questions about files that are being sent. */
    uploads: counted("uploads", perJob(UPLOADS_PER_JOB)),
    /** Looks at what an address leads to. */
    inspections: counted("inspections", perJob(INSPECTIONS_PER_JOB)),
    /** Looks at clips by a link, which whoever has it may pass on. */
    shares: counted("shares", perJob(QUOTES_PER_JOB)),
    /** Challenges and their answers, of an address. */
    signIns: counted("sign-ins", perJob(SIGN_INS_PER_JOB)),
    /** The same, for a wallet (base58). */
    signInsOfWallet: counted("wallet-sign-ins", perJob(SIGN_INS_PER_JOB * ADDRESSES_PER_WALLET)),
    /** Questions about money that have a chain asked, of a wallet. */
    payments: counted("payments", perJob(QUOTES_PER_JOB)),
  };
}

const refusedFor = (ms: number) => new RateLimitedError(Math.max(1, Math.ceil(ms / 1000)));

/**
 * What one party has: an IPv4 address, or the 64 bits of an IPv6 address that its provider gave it (RFC 6177 gives a site at least a
 * /64: counted by address it could have 2^64 limits).
 */
export function ownerOf(address: string): string {
  const [ip = ""] = address.split("%", 1);
  if (!isIPv6(ip)) return address.slice(0, 64);
  const { hostname } = new URL(`http://[${ip}]/`); // writes each address one way
  const [head = "", tail] = hostname.slice(1, -1).split("::");
  const groupsOf = (text: string | undefined) => (text ? text.split(":") : []);
  const [before, after] = [groupsOf(head), groupsOf(tail)];
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after];
  if (groups.slice(0, 6).join(":") === "0:0:0:0:0:ffff") {
    const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16));
    return [high >> 8, high & 255, low >> 8, low & 255].join("."); // an IPv4 address as a dual-stack socket shows it
  }
  return `${groups.slice(0, 4).join(":")}::/64`;
}
