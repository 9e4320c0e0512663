import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Fact } from "./invariants.ts";
import { namesOf } from "./launches.ts";

/** Where launches write down what they do if they share no files with this machine: an address on it. */
export async function startLedger(facts: Fact[]) {
  const server = createServer(async (request, response) => {
    for (const line of (await text(request)).split("\n").filter(Boolean)) {
      const [what, key = "", launch = ""] = line.split(" ");
      if (what === "claimed") facts.push({ is: "claimed", ...namesOf(key), launch });
    }
    response.end();
  });
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
