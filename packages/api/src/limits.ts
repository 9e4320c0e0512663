import { KangKlipError } from "@kangklip/contract";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";

/** A refusal that says how long to wait. */
export class RateLimitedError extends KangKlipError {
  readonly retryAfterSeconds: number;
  constructor(retryAfterSeconds: number) {
    super("RATE_LIMITED", `Too many requests: try again in ${retryAfterSeconds} s`);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Bounds what one address may start. @throws RateLimitedError from the functions it gives */
export function createLimits({ jobsPerMinute }: { jobsPerMinute: number }) {
  const jobs = new RateLimiterMemory({ points: jobsPerMinute, duration: 60 });
  return {
    async jobs(address: string): Promise<void> {
      try {
        await jobs.consume(address);
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        throw new RateLimitedError(Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)));
      }
    },
  };
}
