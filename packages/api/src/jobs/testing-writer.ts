import { spawn } from "node:child_process";
import { once } from "node:events";
import { aStoredJob } from "./testing.ts";

/** How another process opens a store: `open(options)` of a module beside this one. */
export interface Opening {
  module: string;
  open: string;
  options: Record<string, unknown>;
}

const urlOf = (module: string) => JSON.stringify(new URL(module, import.meta.url).href);

/** Another process that opens the store and runs `body`, which knows `store`, `update` and `job` (the one of `aStoredJob()`). */
export async function otherProcess(opening: Opening, body: string) {
  const script = `
    import { ${opening.open} as open } from ${urlOf(opening.module)};
    import { update } from ${urlOf("./store.ts")};
    const store = await open(${JSON.stringify(opening.options)});
    const job = ${JSON.stringify(aStoredJob())};
    ${body}
    await store.close();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code, signal] = await once(child, "exit");
  return { code, signal };
}

/** Another process that adds `rounds` notices to the job, each through `update`. */
export async function writerProcess(opening: Opening, name: string, rounds: number): Promise<void> {
  const { code } = await otherProcess(
    opening,
    `for (let round = 0; round < ${rounds}; round++)
      await update(store, job.job_id, (was) => ({ ...was, notices: [...was.notices, "${name} " + round] }));`,
  );
  if (code !== 0) throw new Error(`writer ${name} ended with ${code}`);
}
