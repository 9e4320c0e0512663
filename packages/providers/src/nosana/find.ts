import type { LaunchRef } from "../provider.ts";
import type { Deployment } from "./answers.ts";
import type { DeploymentQuery, NosanaClient } from "./client.ts";
import { jobTimeOf, namesOf } from "./job.ts";

/** What costs money, or may soon. */
const ACTIVE = ["STARTING", "RUNNING", "STOPPING", "ERROR", "INSUFFICIENT_FUNDS"];
export const THERE = [...ACTIVE, "STOPPED"];
/** How far a clock may have been off when a job was made, or be off now: looking a day further back costs little. */
const CLOCK_MS = 24 * 3_600_000;
/** Ended launches that nobody released in this time cost nothing, and are not looked for any more. */
const ENDED_MS = 7 * 24 * 3_600_000;

export const refOf = ({ id }: Deployment): LaunchRef => ({ provider: "nosana", ref: id });

/**
 * Finds this installation's launches among all deployments of an account, of which there may be many thousands.
 * `now` in ms since 1970.
 */
export function createFinder({
  client,
  scope,
  now,
}: {
  client: NosanaClient;
  scope: string;
  now: () => number;
}) {
  const { prefix, nameOf, launchKeyOf } = namesOf(scope);

  /** Deployments of a launch, the oldest first. */
  async function named(
    launchKey: string,
    status: readonly string[],
    signal?: AbortSignal,
  ): Promise<Deployment[]> {
    const name = nameOf(launchKey);
    const query: DeploymentQuery = { name, status, createdAfter: notBefore(launchKey) };
    const found: Deployment[] = [];
    for await (const deployment of client.deployments(query, signal))
      if (deployment.name === name) found.push(deployment); // an old server does not filter
    // they come the newest first, and two may have been made within a millisecond
    return found.reverse().sort((a, b) => a.created_at - b.created_at);
  }

  /** Deployments older than their job need not be looked through: an account may hold thousands of them. */
  function notBefore(launchKey: string): number | undefined {
    const made = jobTimeOf(launchKey);
    if (made === undefined || made > now() + CLOCK_MS) return undefined;
    const skew = client.serviceNow() - now();
    return Math.max(0, made + Math.min(0, skew) - CLOCK_MS);
  }

  /** All launches that run or may soon, and those that ended lately. */
  async function* list(signal?: AbortSignal) {
    const recently = client.serviceNow() - ENDED_MS;
    const told = new Set<string>(); // one may end between the two questions
    for (const query of [{ status: ACTIVE }, { status: ["STOPPED"], createdAfter: recently }])
      for await (const deployment of client.deployments({ ...query, search: prefix }, signal)) {
        const launchKey = launchKeyOf(deployment.name);
        if (!launchKey || told.has(deployment.id)) continue;
        told.add(deployment.id);
        yield { ref: refOf(deployment), launchKey, createdAt: deployment.created_at };
      }
  }

  return { nameOf, named, list };
}
