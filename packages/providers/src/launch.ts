import { stripVTControlCharacters } from "node:util";
import { WorkerEnv } from "@kangklip/contract";
import { z } from "zod";
import { type LaunchSpec, ProviderError, type ProviderId } from "./provider.ts";

/** What a launch key may look like at any provider: a name for folders, containers and deployments alike. */
const NAME = /^[a-z0-9][a-z0-9-]{0,59}$/;
export const isLaunchKey = (text: string): boolean => NAME.test(text);

/**
 * What every provider does first with a launch.
 * @returns the environment of the worker: four variables and no other.
 * @throws ProviderError INVALID where there is more in it, or less, or the key is no name.
 */
export function checkLaunch(provider: ProviderId, { launchKey, env }: LaunchSpec): WorkerEnv {
  if (!isLaunchKey(launchKey))
    throw new ProviderError(
      "INVALID",
      provider,
      `${JSON.stringify(launchKey.slice(0, 80))} is no launch key`,
    );
  const checked = WorkerEnv.safeParse(env);
  if (!checked.success)
    throw new ProviderError(
      "INVALID",
      provider,
      `A launch carries four variables and no other: ${z.prettifyError(checked.error)}`,
    );
  return checked.data;
}

/** Of what a launch printed this much is read at most (bytes), from its end. */
export const LOG_BYTES = 1 << 20;
const LINE_CHARS = 2000;

/**
 * The last lines of a worker's output as text that may be shown and logged: without control characters, progress that overwrote itself
 * only in its last state, and no line longer than 2000 characters.
 */
export function tailOf(output: string | Buffer, lines: number): string {
  const text =
    typeof output === "string" ? output.slice(-LOG_BYTES) : output.subarray(-LOG_BYTES).toString("utf8");
  if (lines < 1) return "";
  return text
    .trimEnd()
    .split("\n")
    .slice(-lines)
    .map((line) => line.trimEnd().split("\r").at(-1) ?? "")
    .map((line) => stripVTControlCharacters(line).replace(/(?!\t)\p{Cc}/gu, ""))
    .map((line) => (line.length > LINE_CHARS ? `${line.slice(0, LINE_CHARS - 1)}…` : line))
    .join("\n");
}
