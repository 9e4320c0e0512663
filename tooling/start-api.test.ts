import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const START = fileURLToPath(new URL("start-api.ts", import.meta.url));

test("a service does not outlive the command that started it, however that one ended", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "kk-start-"));
  const script = `
    const { startApi } = await import(${JSON.stringify(START)});
    const env = { PATH: process.env.PATH, DATA_DIR: ${JSON.stringify(dataDir)}, PORT: "0", WEB: "off" };
    console.log((await startApi(env, () => {})).url);
    setInterval(() => {}, 1000);`;
  const command = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once(command.stdout, "data")) as [Buffer];
  const url = said.toString().trim();
  const answers = () =>
    fetch(`${url}/livez`).then(
      ({ ok }) => ok,
      () => false,
    );
  expect(await answers()).toBe(true);
  command.kill("SIGKILL");
  await expect.poll(answers, { timeout: 10_000 }).toBe(false);
  rmSync(dataDir, { recursive: true, force: true });
});
