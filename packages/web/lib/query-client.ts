import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { noteAnswer } from "./connection.ts";
import { problemOf, wasAnswered } from "./problem.ts";
import { setSession } from "./session.ts";
import { createClient } from "./trpc.ts";

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

const createClients = () => ({ client: createClient(), queryClient: createQueryClient() });
type Clients = ReturnType<typeof createClients>;
let ofBrowser: Clients | undefined;

/** What the page talks to the API with, and remembers its answers in: in a browser one of each, on the server new ones for every page. */
export function clients(): Clients {
  if (typeof window === "undefined") return createClients();
  ofBrowser ??= createClients();
  return ofBrowser;
}
