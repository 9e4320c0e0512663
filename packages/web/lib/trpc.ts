import type { AppRouter } from "@kangklip/api";
import { JobId } from "@kangklip/contract";
import { httpBatchLink, httpLink, httpSubscriptionLink, type Operation, splitLink } from "@trpc/client";
import { createTRPCReact } from "@trpc/react-query";
import { EventSource } from "eventsource";
import { z } from "zod";
import { API_BASE } from "./config.ts";
import { readJobToken } from "./job-token.ts";
import { readSession } from "./session.ts";

export const trpc = createTRPCReact<AppRouter>();

const AboutJob = z.object({ job_id: JobId });

/** The context of a call: a token to try that is not kept yet; `alone` keeps the call out of a batch. */
export interface CallContext {
  jobToken?: string;
  alone?: boolean;
}

/** The headers that open what a call is about: who is signed in, and the job's token. A batch travels under the token of its first job: see `alone`. */
function headersOf(operations: readonly Pick<Operation, "input" | "context">[]): Record<string, string> {
  const session = readSession();
  return { ...(session && { "x-auth-token": session.token }), ...jobHeaders(operations) };
}

function jobHeaders(operations: readonly Pick<Operation, "input" | "context">[]): Record<string, string> {
  for (const { input, context } of operations) {
    const job = AboutJob.safeParse(input);
    const token = (context as CallContext).jobToken ?? (job.success ? readJobToken(job.data.job_id) : null);
    if (token) return { "x-job-token": token };
  }
  return {};
}

/** The page's connection to the API: calls in batches, live events over a stream that resumes where it broke. */
export function createClient() {
  const url = `${API_BASE}/trpc`;
  return trpc.createClient({
    links: [
      splitLink({
        condition: ({ type }) => type === "subscription",
        true: httpSubscriptionLink({
          url,
          EventSource, // the browser's own cannot send headers
          eventSourceOptions: ({ op }) => ({
            fetch: (address, init) =>
              fetch(address, { ...init, headers: { ...init.headers, ...headersOf([op]) } }),
          }),
        }),
        false: splitLink({
          condition: ({ context }) => (context as CallContext).alone === true,
          true: httpLink({ url, headers: ({ op }) => headersOf([op]) }),
          false: httpBatchLink({ url, maxItems: 12, headers: ({ opList }) => headersOf(opList) }),
        }),
      }),
    ],
  });
}
