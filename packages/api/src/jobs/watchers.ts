import type { JobId } from "@kangklip/contract";

const POLL_MS = 500;

/**
 * Who wants to know of which job. Writes of this process are told at once; those of others are noticed by looking, as long as somebody
 * watches. Nothing of it keeps the process alive.
 */
export function createWatchers({
  versionsOf,
  changesByOthers,
}: {
  versionsOf: (ids: JobId[]) => Map<JobId, number>;
  /** A value that changes whenever another connection has written. */
  changesByOthers: () => unknown;
}) {
  const watched = new Map<JobId, { version: number | undefined; listeners: Set<() => void> }>();
  let timer: NodeJS.Timeout | undefined;
  let seen: unknown;

  function wrote(id: JobId, version: number | undefined): void {
    const entry = watched.get(id);
    if (!entry || entry.version === version) return;
    entry.version = version;
    for (const listener of entry.listeners) queueMicrotask(listener);
  }

  function look(): void {
    try {
      const now = changesByOthers();
      if (now === seen) return;
      const versions = versionsOf([...watched.keys()]);
      for (const id of watched.keys()) wrote(id, versions.get(id));
      seen = now;
    } catch {
      // the file is busy: the next look tells
    }
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    wrote,
    watch(id: JobId, listener: () => void): () => void {
      if (timer === undefined) {
        seen = changesByOthers();
        timer = setInterval(look, POLL_MS).unref();
      }
      const entry = watched.get(id) ?? { version: versionsOf([id]).get(id), listeners: new Set() };
      const own = () => listener(); // the same function may watch twice
      watched.set(id, entry);
      entry.listeners.add(own);
      return () => {
        entry.listeners.delete(own);
        if (entry.listeners.size === 0 && watched.get(id) === entry) watched.delete(id);
        if (watched.size === 0) stop();
      };
    },
    close(): void {
      watched.clear();
      stop();
    },
  };
}
