import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { keyOf } from "./key.ts";
import { openStageCache } from "./stage-cache.ts";

// A worker's use of the cache as a program of its own, which a test can kill: node testing-keeper.ts CACHE FOLDER NAME [hold]
const [cacheDir = "", folder = "", name = "", hold] = process.argv.slice(2);
const cache = await openStageCache({ dir: cacheDir, maxBytes: 1e9, log: () => {} });
const key = keyOf("DOWNLOAD", name);
const say = (word: string) => void process.stdout.write(`${word}\n`);
await cache.alone([key], { signal: new AbortController().signal, onWait: () => say("waits") }, async () => {
  const before = await cache.take<{ name: string }>(key, folder);
  if (before) return say("taken");
  say("works");
  const files = await Promise.all(
    ["a", "b", "c", "d"].map(async (letter) => {
      const path = join(folder, `${name}-${letter}.bin`);
      await writeFile(path, Buffer.alloc(200_000, letter));
      return { name: `${letter}.bin`, path };
    }),
  );
  if (hold) await sleep(60_000);
  say("keeps");
  await cache.keep(key, { name }, files);
  say("kept");
  for (const note of cache.notes()) say(note);
});
