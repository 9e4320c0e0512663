// Nosana's stand-in as a program of its own, so that it outlives the API that is killed. KK_STAND_IN is what StandInSettings says, as JSON;
// it ends with whoever started it. Messages: { look } is answered with the deployments that may have changed, { kill: deployment } takes its
// node away.
import { type NosanaStandIn, startNosanaStandIn } from "../../packages/providers/src/nosana/stand-in.ts";

export interface StandInSettings {
  /** What a node runs in place of the image, and what the image itself would carry. */
  command: readonly string[];
  env: Record<string, string>;
  /** ms; see the stand-in's own. */
  faults?: { startMs?: number; queueMs?: number; settleMs?: number };
}

/** A deployment as the service knows it. */
export interface StandInLook {
  id: string;
  name: string;
  status: string;
  /** Each was paid for. */
  jobs: { id: string; over: boolean }[];
}
export type StandInAnswer = { url: string } | { looked: StandInLook[] };

if (import.meta.main) await main();

async function main(): Promise<void> {
  const { command, env, faults = {} }: StandInSettings = JSON.parse(process.env.KK_STAND_IN ?? "{}");
  process.setMaxListeners(0); // each container listens for the end
  const standIn = await startNosanaStandIn({ run: () => ({ command, env }), freeUsd: 1e6, faults });
  const say = (answer: StandInAnswer) => process.send?.(answer);
  const look = looking(standIn);
  process.on("message", (asked: { look?: true; kill?: string }) => {
    if (asked.kill) standIn.endNode(asked.kill, "dead");
    if (asked.look) say({ looked: look() });
  });
  process.once("disconnect", () => void standIn.close().then(() => process.exit()));
  say({ url: standIn.url });
}

/** Deployments that were not seen archived before: the others change no more. */
function looking({ deployments }: NosanaStandIn): () => StandInLook[] {
  const over = new Set<string>();
  return () =>
    [...deployments.values()].flatMap(({ id, body: { name }, status, jobs }) => {
      if (over.has(id)) return [];
      if (status === "ARCHIVED") over.add(id);
      return [{ id, name, status, jobs: jobs.map(({ id: job, state }) => ({ id: job, over: state >= 2 })) }];
    });
}
