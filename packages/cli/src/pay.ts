import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type ClipView, type CreditsInfo, usdText } from "@kangklip/contract";
import type { DemoWallet } from "@kangklip/localnet/demo-wallet";
import { TRPCClientError } from "@trpc/client";
import { type Client, createClient } from "./client.ts";
import { CliError, EXIT } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

const BASE_UNITS = 1_000_000;
const LAMPORTS = 1_000_000_000;
/** More than any fee here: then the rent of a new account is in it, 0.0013 SOL. */
const RENT_LAMPORTS = 1_000_000;
/** A payment lands within a second or two, and can land for about a minute. */
const CONFIRM_MS = 90_000;
const AGAIN_MS = 500;
const ASK_MS = 10_000;

type Info = Extract<CreditsInfo, { enabled: true }>;

export interface Payer {
  address: string;
  /** Lets a client act for the wallet. */
  headers: { "x-auth-token": string };
  /** Buys what the wallet lacks to have so many credits; test money comes from the faucet. */
  topUpTo(credits: number): Promise<void>;
  /** Tells what making a job took, where it takes something: once it is made. */
  tellFee(): Promise<void>;
  /** Unlocks each clip that is locked. @param jobToken of their job */
  unlock(jobId: string, jobToken: string, clips: readonly ClipView[]): Promise<void>;
}

/**
 * Signs in to a service with a demo wallet, as its page does, and pays with it. Each payment is told with its transaction and what it cost.
 * @param chainUrl the localnet, which is asked for what transactions cost @throws CliError on any other chain, before anything is signed
 */
export async function signIn(
  apiUrl: string,
  { wallet, chainUrl, terminal }: { wallet: DemoWallet; chainUrl: string; terminal: Terminal },
): Promise<Payer> {
  const anybody = createClient(apiUrl, {});
  const info = await anybody.credits.info.query();
  if (!info.enabled) throw new CliError(EXIT.credits, "Credits are off here: there is nothing to pay");
  if (info.chain !== "localnet")
    throw new CliError(EXIT.credits, `The demo wallet pays on a localnet alone, and this is ${info.chain}`);
  const { challenge, nonce } = await anybody.auth.challenge.mutate({ wallet_address: wallet.address });
  const { auth_token } = await anybody.auth.verify.mutate({
    ...{ wallet_address: wallet.address, nonce, signature: wallet.signMessage(challenge) },
  });
  const headers = { "x-auth-token": auth_token };
  terminal.event({ event: "signed in", wallet: wallet.address });
  terminal.say(`Signed in as the demo wallet ${terminal.bold(wallet.address)}`);
  const chain = chainOf(chainUrl, wallet.address);
  const client = createClient(apiUrl, headers);
  const { generate_credits } = info;
  await chain.news(); // what it did before is no news
  async function tellFee() {
    const [signature] = await chain.news();
    if (signature === undefined || generate_credits === 0) return;
    terminal.event({ event: "fee", credits: generate_credits, signature });
    terminal.say(`  The making took ${creditsText(generate_credits)}`);
    terminal.say(terminal.dim(`    ${signature}`));
  }
  return {
    address: wallet.address,
    headers,
    topUpTo: (credits) => topUpTo(credits, { client, wallet, info, chain, terminal }),
    tellFee,
    async unlock(jobId, jobToken, clips) {
      await tellFee();
      const owner = createClient(apiUrl, { ...headers, "x-job-token": jobToken });
      await unlock(owner, jobId, clips, { chain, terminal });
    },
  };
}

async function topUpTo(
  wanted: number,
  {
    client,
    wallet,
    info,
    chain,
    terminal,
  }: { client: Client; wallet: DemoWallet; info: Info; chain: Chain; terminal: Terminal },
): Promise<void> {
  const { credits } = await client.credits.balance.query({});
  if (credits >= wanted) return terminal.say(terminal.dim(`  It has ${creditsText(credits)} already`));
  const credits_to_buy = wanted - credits;
  const intend = () => client.credits.topupIntent.mutate({ credits_to_buy });
  let intent = await intend();
  if ((intent.needs_sol > 0 || intent.needs_usdc > 0) && info.faucet) {
    const gift = await client.credits.faucet.mutate();
    const [sol, usdc] = [gift.lamports / LAMPORTS, gift.usdc_base_units / BASE_UNITS];
    terminal.event({ event: "faucet", sol, usdc });
    terminal.say(terminal.dim(`  The faucet gave it ${sol} SOL and ${usdc} USDC of test money`));
    intent = await intend();
  }
  if (intent.needs_sol > 0 || intent.needs_usdc > 0)
    throw new CliError(EXIT.credits, "The demo wallet has too little test money");
  const { signature } = await client.credits.topupSend.mutate({
    transaction: wallet.signTransaction(intent.transaction),
  });
  const { new_balance } = await confirmed(client, signature);
  const usdc = intent.amount_base_units / BASE_UNITS;
  const lamports = await chain.lamportsOf(signature);
  await chain.news(); // the faucet's, and this one
  terminal.event({
    event: "topup",
    credits: credits_to_buy,
    usdc,
    lamports,
    signature,
    balance: new_balance,
  });
  terminal.say(
    `  ${creditsText(credits_to_buy)} for ${usdText(usdc)} in test USDC${feeText(lamports)}, so it has ${new_balance}`,
  );
  terminal.say(terminal.dim(`    ${signature}`));
}

/** The network has taken it, or never will. */
async function confirmed(client: Client, signature: string) {
  const until = performance.now() + CONFIRM_MS;
  for (;;) {
    try {
      return await client.credits.topupConfirm.mutate({ signature });
    } catch (error) {
      const { kk } = (error instanceof TRPCClientError ? error.data : {}) as { kk?: { code: string } };
      if (kk?.code !== "TRANSACTION_NOT_FOUND" || performance.now() > until) throw error;
      await sleep(AGAIN_MS);
    }
  }
}

async function unlock(
  client: Client,
  jobId: string,
  clips: readonly ClipView[],
  { chain, terminal }: { chain: Chain; terminal: Terminal },
): Promise<void> {
  for (const { clip_file, locked } of clips) {
    if (!locked) continue;
    const { charged_credits } = await client.clips.unlock.mutate({
      ...{ job_id: jobId, clip_file, unlock_request_id: randomUUID() },
    });
    const signature = (await chain.news()).at(-1) ?? null;
    terminal.event({ event: "unlocked", file: clip_file, credits: charged_credits, signature });
    terminal.say(
      `  ${clip_file} unlocked for ${creditsText(charged_credits)}; the service pays the network's fee`,
    );
    if (signature) terminal.say(terminal.dim(`    ${signature}`));
  }
}

const creditsText = (credits: number) => `${credits} ${credits === 1 ? "credit" : "credits"}`;
const feeText = (lamports: number | null) => {
  if (lamports === null) return "";
  const what =
    lamports >= RENT_LAMPORTS ? "the network's fee, and the rent of its account" : "the network's fee";
  return ` and ${(lamports / LAMPORTS).toFixed(6)} SOL (${what})`;
};

type Chain = ReturnType<typeof chainOf>;

/** What the chain itself says of the wallet's transactions. Only for people to see: where it does not answer, nothing is told. */
function chainOf(url: string, wallet: string) {
  async function ask(method: string, ...params: unknown[]): Promise<unknown> {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    const init = { method: "POST", body, headers: { "content-type": "application/json" } };
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(ASK_MS) });
    return ((await response.json()) as { result?: unknown }).result;
  }
  const known = new Set<string>();
  const config = { commitment: "confirmed", maxSupportedTransactionVersion: 1, limit: 20 };
  return {
    /** What a transaction took of its payer, in lamports. */
    async lamportsOf(signature: string): Promise<number | null> {
      const read = (await ask("getTransaction", signature, config).catch(() => null)) as {
        meta: { preBalances: number[]; postBalances: number[] };
      } | null;
      const [before, after] = [read?.meta.preBalances[0], read?.meta.postBalances[0]];
      return before === undefined || after === undefined ? null : before - after;
    },
    /** The transactions that name the wallet and were not told before, in their order. */
    async news(): Promise<string[]> {
      const { limit, commitment } = config;
      const list = (await ask("getSignaturesForAddress", wallet, { limit, commitment }).catch(() => [])) as
        | { signature: string }[]
        | undefined;
      const news = (list ?? []).map(({ signature }) => signature).filter((each) => !known.has(each));
      for (const each of news) known.add(each);
      return news.reverse();
    },
  };
}
