import { asCliError, createClient } from "./client.ts";
import { EXIT } from "./exit.ts";
import type { MakeOptions } from "./make.ts";
import { quoteLines } from "./places.ts";

/**
 * Tells where a job would run and what it would cost; starts nothing and sends no file.
 * @returns the exit code: 4 where no place would take it @throws CliError
 */
export async function quote({
  apiUrl,
  request,
  terminal,
}: Pick<MakeOptions, "apiUrl" | "request" | "terminal">): Promise<number> {
  const answer = await createClient(apiUrl, {})
    .jobs.quote.query({ compute: request.compute, max_usd: request.max_usd })
    .catch((error: unknown) => {
      throw asCliError(error, apiUrl);
    });
  for (const line of quoteLines(answer, terminal)) terminal.say(line);
  terminal.result(answer);
  const takers = answer.offers.filter(({ chosen, reason }) => chosen || reason === null);
  return takers.length > 0 ? EXIT.ok : EXIT.unavailable;
}
