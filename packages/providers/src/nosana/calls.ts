import { ProviderError } from "../provider.ts";
import { NotFound } from "./client.ts";

/** Somebody else's submission of the same launch, for as long as the caller waits. */
export async function orGivenUp<T>(submission: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return submission;
  const ended = Promise.withResolvers<never>();
  const give = () => ended.reject(new ProviderError("AMBIGUOUS", "nosana", "The submission was given up"));
  signal.addEventListener("abort", give, { once: true });
  try {
    return await Promise.race([submission, ended.promise]);
  } finally {
    signal.removeEventListener("abort", give);
  }
}

/** The answer, or undefined where there is no such thing. */
export async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}

/** Asks again only when the last answer is older than `ms`. */
export function kept<T>(ms: number, now: () => number, ask: (signal?: AbortSignal) => Promise<T>) {
  let last: { at: number; value: T } | undefined;
  const get = async (signal?: AbortSignal): Promise<T> => {
    const age = last ? now() - last.at : Infinity;
    if (last && age >= 0 && age < ms) return last.value;
    const value = await ask(signal);
    last = { at: now(), value };
    return value;
  };
  const forget = () => {
    last = undefined;
  };
  return Object.assign(get, { forget });
}
