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

/** An error of the API, of reaching it, or of a file of this machine, as one for the terminal; anything else as it is: a bug. */
export function asCliError(error: unknown, apiUrl: string): unknown {
  const told = (code: string, message: string, action: string) =>
    new CliError(exitFor(code), `${message}\n  ${code}: ${action}`, { cause: error });
  if (error instanceof KangKlipError) return told(error.code, error.message, error.action);
  if (error instanceof TRPCClientError) {
    const kk = (error.data as { kk?: { code: string; action: string } } | undefined)?.kk;
    if (kk) return told(kk.code, error.message, kk.action);
  } else if (error instanceof Error && "syscall" in error) {
    return new CliError(EXIT.config, error.message, { cause: error });
  } else if (!(error instanceof TypeError && error.message === "fetch failed")) {
    return error;
  }
  return new CliError(EXIT.service, `${apiUrl} does not answer. Start it with: npm start`, { cause: error });
}
