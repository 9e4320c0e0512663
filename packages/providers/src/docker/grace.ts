import { LABEL, markOf } from "./container.ts";
import type { Engine } from "./engine.ts";
import { statusOf } from "./errors.ts";

/**
 * Asks containers to end: politely first, by force when the grace is over. That it was asked is kept by the engine, as an empty volume
 * beside the container: labels cannot be added later, and from the exit code alone a wanted end looks like a kill by somebody else.
 */
export function createGrace(engine: Engine, scope: string) {
  /** When the first request went out, by this process's steady clock (ms). */
  const askedAt = new Map<string, number>();

  /** How long ago a former process asked, by the engine's clock (ms); undefined: nobody did. */
  async function formerly(ref: string, signal?: AbortSignal): Promise<number | undefined> {
    const mark = await engine.volumeIfThere(markOf(ref), signal);
    if (!mark) return undefined;
    const ago = Date.parse((await engine.info(signal)).SystemTime) - Date.parse(mark.CreatedAt);
    return Number.isFinite(ago) ? Math.max(0, ago) : 0;
  }

  async function mark(ref: string, signal?: AbortSignal): Promise<void> {
    try {
      await engine.createVolume(markOf(ref), { [LABEL.scope]: scope }, signal);
    } catch (error) {
      // an engine that keeps no volumes: the end matters more than its name, which will be "evicted"
      if (statusOf(error) === undefined) throw error;
    }
  }

  async function kill(
    ref: string,
    how: "SIGTERM" | "SIGKILL",
    signal?: AbortSignal,
  ): Promise<"stopping" | "retry"> {
    try {
      await engine.kill(ref, how, signal);
      return "stopping";
    } catch (error) {
      // it has ended, or is gone: the next look will say so
      if (statusOf(error) === 404 || statusOf(error) === 409) return "stopping";
      // "tried to kill container, but did not receive an exit event": a process that hangs in a driver
      if (statusOf(error) === 500) return "retry";
      throw error;
    }
  }

  return {
    isAsked: (ref: string): boolean => askedAt.has(ref),
    wasAsked: async (ref: string, signal?: AbortSignal): Promise<boolean> =>
      (await engine.volumeIfThere(markOf(ref), signal)) !== undefined,
    forget: (ref: string): void => void askedAt.delete(ref),

    /** One step towards the end of a container that is there and has not ended. Never waits for it. */
    async ask(
      ref: string,
      status: string,
      graceSeconds: number,
      signal?: AbortSignal,
    ): Promise<"stopping" | "retry"> {
      if (status === "removing") return "stopping";
      if (status === "paused") await engine.unpause(ref, signal); // else it would hear nothing
      const first = askedAt.get(ref);
      if (first !== undefined)
        return performance.now() - first >= graceSeconds * 1000 ? kill(ref, "SIGKILL", signal) : "stopping";
      const ago = await formerly(ref, signal);
      if (ago === undefined) await mark(ref, signal);
      askedAt.set(ref, performance.now() - (ago ?? 0));
      // again where a former process asked: it may have died between the mark and the signal
      return kill(ref, ago !== undefined && ago >= graceSeconds * 1000 ? "SIGKILL" : "SIGTERM", signal);
    },
  };
}
