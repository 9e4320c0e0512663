import { readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { CliConfig } from "./config.ts";
import { CliError, EXIT } from "./exit.ts";
import { startLocalnetProcess } from "./localnet-process.ts";
import type { Terminal } from "./terminal.ts";

/** What the file of a localnet's state begins with. */
const SNAPSHOT = "kangklip localnet";

/** Runs a Solana chain of this machine until the signal, and says how to use it. @throws CliError */
export async function localnet(
  { port, file, reset }: { port: number; file: string | undefined; reset: boolean },
  { dataDir, environment }: CliConfig,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const dir = join(dataDir, "localnet");
  const kept = file === undefined ? join(dir, "chain.bin") : resolve(file);
  if (reset) await forget(kept);
  const net = await startLocalnetProcess({ dir, file: kept, port, path: environment.PATH });
  const { url, wsUrl, settings } = net;
  terminal.event({ event: "listening", url, ws_url: wsUrl, settings, file: kept });
  terminal.say(`A Solana chain of this machine listens on ${terminal.bold(url)} (websockets: ${wsUrl})`);
  terminal.say("Its money is play money. Put this into .env, and npm start:\n");
  for (const [name, value] of Object.entries(settings)) terminal.say(`${name}=${value}`);
  terminal.say("\nMoney for a wallet, 1 SOL and 10 USDC:\n");
  terminal.say(`  ${faucetCommand(url)}\n`);
  terminal.say(terminal.dim(`Its state is kept in ${kept}; with --reset it begins anew.`));
  terminal.say("Press ^C to end.");
  const stopped = new Promise<undefined>((stop) => {
    if (signal.aborted) stop(undefined);
    signal.addEventListener("abort", () => stop(undefined), { once: true });
  });
  const said = await Promise.race([net.ended, stopped]);
  if (said !== undefined) throw new CliError(EXIT.service, `Localnet ended by itself.\n${said}`);
  terminal.say("Stopping; its state is kept.");
  await net.stop();
}

/** Deletes a state that was kept, and nothing else that a wrong --file may name. */
async function forget(file: string): Promise<void> {
  const start = await readFile(file, "utf8").then(
    (text) => text.slice(0, 100),
    () => "",
  );
  if (start && !start.includes(SNAPSHOT))
    throw new CliError(EXIT.usage, `${file} is not the state of a localnet: --reset does not delete it`);
  await rm(file, { force: true });
}

const faucetCommand = (url: string) => {
  const body = {
    ...{ jsonrpc: "2.0", id: 1, method: "kk_faucet" },
    params: ["YOUR_ADDRESS", { sol: 1, usdc: 10 }],
  };
  return `curl -s ${url} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
};
