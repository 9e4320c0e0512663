import { ProviderView, priceText } from "@kangklip/contract";
import { z } from "zod";
import { runApiProgram } from "./api-program.ts";
import { createClient } from "./client.ts";
import type { CliConfig } from "./config.ts";
import { EXIT } from "./exit.ts";
import { aligned, availabilityText, placeName } from "./places.ts";
import { readOperatorToken } from "./start-api.ts";
import type { Terminal } from "./terminal.ts";

const Answer = z.object({ providers: z.array(ProviderView) });
/** Where to read on where a provider cannot be used, after its own words; by its id. */
const HELP: Record<string, string> = {
  process: "Set DATA_DIR to a folder that can be written; npm run doctor looks at the rest of this machine",
  docker: "More in docs/docker.md",
  nosana: "More in docs/nosana.md",
};
const OTHER = "More in docs/compute.md, and in what came with this provider";
const NOTHING_FITS =
  "It offers nothing that fits now: MIN_VRAM_GB and MAX_USD_PER_HOUR may ask for too much.";
const NAME_WIDTH = 9;

/**
 * Asks each provider of COMPUTE whether it can be used, what it offers, and at what price: through the service that runs, else with the
 * settings of this terminal. Nothing is started. @returns the exit code: 4 where none can be used
 */
export async function doctorProviders(
  config: CliConfig,
  { api }: { api?: string | undefined },
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const asked = await askService(config, api, signal);
  const from = asked ? (api ?? config.apiUrl) : "settings";
  const providers = asked ?? Answer.parse(await runApiProgram("--providers", config, signal)).providers;
  terminal.say(
    terminal.dim(
      asked
        ? `Asked by the service at ${from}, which runs with COMPUTE=${providers.map(({ id }) => id).join(",")}\n`
        : "No service runs here: asked with the settings of this terminal\n",
    ),
  );
  for (const provider of providers) {
    terminal.event(provider);
    for (const line of linesOf(provider, terminal)) terminal.say(line, NAME_WIDTH + 3);
  }
  const usable = providers.filter(({ ok }) => ok).map(({ id }) => id);
  terminal.say(
    usable.length > 0 ? `\nJobs can run on ${usable.join(", ")}.` : "\nNo provider can be used now.",
  );
  terminal.result({ ok: usable.length > 0, from, providers });
  return usable.length > 0 ? EXIT.ok : EXIT.unavailable;
}

/** What the service says that runs; undefined where none does. Whoever has no operator's token of it sees less. */
async function askService(
  config: CliConfig,
  api: string | undefined,
  signal: AbortSignal,
): Promise<ProviderView[] | undefined> {
  const apiUrl = api ?? config.apiUrl;
  const client = createClient(apiUrl, operatorHeaders(config.dataDir));
  try {
    return await client.system.providers.query(undefined, { signal });
  } catch (error) {
    if (api !== undefined || signal.aborted || !isAway(error)) throw error;
    return undefined;
  }
}

function operatorHeaders(dataDir: string): Record<string, string> {
  try {
    return { "x-operator-token": readOperatorToken(dataDir) };
  } catch {
    return {}; // no service has run with this data folder: one elsewhere tells strangers what it tells everybody
  }
}

/** Nothing listens there, or something else than KangKlip. */
const isAway = (error: unknown) => !(error as { data?: { kk?: unknown } }).data?.kk;

/** A provider as people read it. Pure. */
export function linesOf(
  { id, ok, gpu, usd_per_hour, operator }: ProviderView,
  { bold, dim }: Pick<Terminal, "bold" | "dim">,
): string[] {
  const indent = " ".repeat(NAME_WIDTH + 3);
  const said = operator?.detail ?? [gpu, priceText(usd_per_hour)].filter(Boolean).join(" · ");
  const lines = [`${ok ? "✓" : "✗"} ${bold(id.padEnd(NAME_WIDTH))} ${said}`];
  if (!ok) lines.push(`${indent}${HELP[id] ?? OTHER}`);
  if (!operator) return lines;
  const { detail, offers, running, held } = operator;
  if (running > 0) lines.push(dim(`${indent}${running} ${running === 1 ? "launch" : "launches"} there now`));
  if (held) {
    const why = held.reason.includes(detail) ? "" : `: ${held.reason}`;
    lines.push(`${indent}Left alone until ${timeOf(held.until)}${why}`);
  }
  const rows = offers.map((offer) => [
    placeName(offer),
    priceText(offer.usd_per_hour),
    availabilityText(offer.availability),
  ]);
  for (const row of aligned(rows)) lines.push(`${indent}${row}`);
  if (ok && rows.length === 0) lines.push(`${indent}${NOTHING_FITS}`);
  return lines;
}

const timeOf = (iso: string) => new Date(iso).toTimeString().slice(0, 5);
