import { join } from "node:path";
import { GENERATE_CREDITS, UNLOCK_CREDITS } from "@kangklip/contract";
import { openDemoWallet } from "@kangklip/localnet/demo-wallet";
import { CliError, EXIT } from "./exit.ts";
import { startLocalnetProcess } from "./localnet-process.ts";
import { type Payer, signIn } from "./pay.ts";
import type { Terminal } from "./terminal.ts";

export interface DemoCredits {
  /** What the service of the demo is told. */
  settings: Record<string, string>;
  /** Signs the demo's own wallet in, with money for what making the clips costs, and for unlocking so many of them. */
  payer(apiUrl: string, clipsToUnlock: number): Promise<Payer>;
  stop(): Promise<void>;
}

/**
 * A chain of the demo's own, in a process that ends with this one; chain, keys and wallet are kept in `dir`. @throws CliError
 * @param fee whether making the clips costs credits too
 */
export async function startDemoCredits(
  { dir, path, fee }: { dir: string; path: string | undefined; fee: boolean },
  terminal: Terminal,
): Promise<DemoCredits> {
  const net = await startLocalnetProcess({ dir, file: join(dir, "chain.bin"), port: 0, path });
  const generationFee = fee ? GENERATE_CREDITS : 0;
  terminal.event({ event: "localnet", url: net.url, ws_url: net.wsUrl });
  terminal.say(
    `Credits are on, with play money: a Solana chain of this machine listens on ${terminal.bold(net.url)}`,
  );
  return {
    settings: { ...net.settings, GENERATION_FEE: String(generationFee) },
    async payer(apiUrl, clipsToUnlock) {
      const wallet = opened(join(dir, "demo-wallet"));
      const payer = await signIn(apiUrl, { wallet, chainUrl: net.url, terminal });
      await payer.topUpTo(generationFee + clipsToUnlock * UNLOCK_CREDITS);
      return payer;
    },
    stop: net.stop,
  };
}

function opened(file: string) {
  try {
    return openDemoWallet(file);
  } catch (cause) {
    throw new CliError(EXIT.config, (cause as Error).message, { cause });
  }
}

/** What there is to do in the page once the clips are made. */
export const WHAT_TO_DO = `In the page: "Connect a wallet", choose "Demo wallet (localnet only)", press "Get test money", buy credits,
and unlock a clip. No extension is needed, and no real money is anywhere.`;
