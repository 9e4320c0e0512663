"use client";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { problemOf } from "../lib/problem.ts";
import { createClient, trpc } from "../lib/trpc.ts";

const MAX_RETRIES = 2;

function createQueryClient() {
  return new QueryClient({
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
