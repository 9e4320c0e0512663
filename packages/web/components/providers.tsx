"use client";
import { DirectionProvider } from "@base-ui/react/direction-provider";
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useLocale } from "next-intl";
import { type ReactNode, useState } from "react";
import { directionOf } from "../i18n/locales.ts";
import { noteAnswer } from "../lib/connection.ts";
import { problemOf, wasAnswered } from "../lib/problem.ts";
import { setSession } from "../lib/session.ts";
import { createClient, trpc } from "../lib/trpc.ts";

const MAX_RETRIES = 2;

/** A session that the API does not know any more is over in the page as well. */
const onError = (error: unknown) => {
  if (problemOf(error).code === "NOT_SIGNED_IN") setSession(null);
  const answered = wasAnswered(error);
  if (answered !== null) noteAnswer(answered, Date.now());
};
const onSuccess = () => noteAnswer(true, Date.now());

function createQueryClient() {
  return new QueryClient({
    queryCache: new QueryCache({ onError, onSuccess }),
    mutationCache: new MutationCache({ onError }), // a mutation may be a wallet's alone: its success says nothing of the API
    defaultOptions: {
      queries: {
        networkMode: "always", // an API on this very machine answers also where the browser believes to be offline
        retry: (count, error) => count < MAX_RETRIES && problemOf(error).retryable,
      },
      mutations: { networkMode: "always" },
    },
  });
}

/** Connects what is inside to the API, and tells the components which way the page is read. */
export function Providers({ children }: { children: ReactNode }) {
  const [queryClient] = useState(createQueryClient);
  const [client] = useState(createClient);
  return (
    <trpc.Provider client={client} queryClient={queryClient}>
      <QueryClientProvider client={queryClient}>
        <DirectionProvider direction={directionOf(useLocale())}>{children}</DirectionProvider>
      </QueryClientProvider>
    </trpc.Provider>
  );
}
