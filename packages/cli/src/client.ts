import type { AppRouter } from "@kangklip/api";
import { KangKlipError } from "@kangklip/contract";
import {
  createTRPCClient,
  httpBatchLink,
  httpSubscriptionLink,
  splitLink,
  TRPCClientError,
} from "@trpc/client";
import { EventSource } from "eventsource";
import { CliError, EXIT, exitFor } from "./exit.ts";

export type Client = ReturnType<typeof createClient>;

/** A typed client of a running API. `headers` carries who asks: `x-operator-token` or `x-job-token`. */
export function createClient(apiUrl: string, headers: Record<string, string>) {
  const url = `${apiUrl.replace(/\/+$/, "")}/trpc`;
  const withHeaders: typeof fetch = (input, init) =>
    fetch(input, { ...init, headers: { ...Object.fromEntries(new Headers(init?.headers)), ...headers } });
  return createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: ({ type }) => type === "subscription",
        true: httpSubscriptionLink({
          url,
          EventSource,
          eventSourceOptions: () => ({ fetch: withHeaders as never }),
        }),
        false: httpBatchLink({ url, headers, maxItems: 10 }),
      }),
    ],
  });
}

/** An error of the API, or of reaching it, as one for the terminal; anything else as it is. */
export function asCliError(error: unknown, apiUrl: string): unknown {
  if (error instanceof KangKlipError)
    return new CliError(exitFor(error.code), `${error.message}\n  ${error.code}: ${error.action}`, {
      cause: error,
    });
  const isUnreached = error instanceof TypeError && error.message === "fetch failed"; // undici's, for all of the network
  if (!(error instanceof TRPCClientError) && !isUnreached) return error;
  const { kk } = ("data" in error ? (error.data ?? {}) : {}) as { kk?: { code: string; action: string } };
  if (kk)
    return new CliError(exitFor(kk.code), `${error.message}\n  ${kk.code}: ${kk.action}`, { cause: error });
  return new CliError(EXIT.service, `${apiUrl} does not answer. Start it with: npm start`, { cause: error });
}
