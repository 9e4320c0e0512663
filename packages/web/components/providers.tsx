"use client";
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { problemOf } from "../lib/problem.ts";
import { setSession } from "../lib/session.ts";
import { createClient, trpc } from "../lib/trpc.ts";

const MAX_RETRIES = 2;

/** A session that the API does not know any more is over in the page as well. */
const onError = (error: unknown) => {
  if (problemOf(error).code === "NOT_SIGNED_IN") setSession(null);
};

function createQueryClient() {
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        networkMode: "always", // an API on this very machine answers also where the browser believes to be offline
        retry: (count, error) => count < MAX_RETRIES && problemOf(error).retryable,
      },
      mutations: { networkMode: "always" },
    },
  });
}

/** Connects what is inside to the API. */
export function Providers({ children }: { children: ReactNode }) {
  const [queryClient] = useState(createQueryClient);
  const [client] = useState(createClient);
  return (
    <trpc.Provider client={client} queryClient={queryClient}>
      <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>
    </trpc.Provider>
  );
}
