"use client";
import { DirectionProvider } from "@base-ui/react/direction-provider";
import { QueryClientProvider } from "@tanstack/react-query";
import { useLocale } from "next-intl";
import { type ReactNode, useState } from "react";
import { directionOf } from "../i18n/locales.ts";
import { clients } from "../lib/query-client.ts";
import { trpc } from "../lib/trpc.ts";

/** Connects what is inside to the API, and tells the components which way the page is read. */
export function Providers({ children }: { children: ReactNode }) {
  const [{ client, queryClient }] = useState(clients);
  return (
    <trpc.Provider client={client} queryClient={queryClient}>
      <QueryClientProvider client={queryClient}>
        <DirectionProvider direction={directionOf(useLocale())}>{children}</DirectionProvider>
      </QueryClientProvider>
    </trpc.Provider>
  );
}
