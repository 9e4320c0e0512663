import { KangKlipError, type ProgramInfo } from "@kangklip/contract";
import type { PublicKey } from "@solana/web3.js";
import type { Logger } from "../../log.ts";
import { chainOf } from "./chain.ts";
import { type Config, type Program, tokenAccount, tokensOf } from "./program.ts";
import { createReads } from "./reads.ts";
import type { Rpc } from "./rpc.ts";

/** What was read is read again after this (ms), while the old counts on: an RPC that is away for a moment changes nothing. */
const FRESH_MS = 10_000;
/** The old counts for this long (ms) where nothing can be read. */
const GOOD_MS = 600_000;
/** What was wrong is looked at again after this (ms). */
const BAD_MS = 2000;
/** A chain makes blocks all the time: an RPC that shows none for so long (ms) has lost it. */
const STILL_MS = 30_000;
/** The spender pays the rent of each receipt, 0.0015 SOL, and gets it back a day later: this is enough for about 30 charges. */
const LOW_LAMPORTS = 50_000_000;
/** The log says so once in this time (ms). */
const WORRY_MS = 3_600_000;

export interface Settings {
  program: Program;
  usdcMint: PublicKey;
  treasury: PublicKey;
  spender: PublicKey;
}

export interface Ready {
  info: ProgramInfo;
  /** What the operator should mend while everything goes on. */
  worries: string[];
}

/**
 * Whether the settings and the chain agree, looked at when it is first needed and again every 10 s while anybody asks. Nothing is charged,
 * sold or reported while they do not.
 */
export function createReady(
  settings: Settings,
  { rpc, log, now, patienceMs }: { rpc: Rpc; log: Logger; now: () => number; patienceMs: number },
) {
  const { program, usdcMint, treasury, spender } = settings;
  let good: { at: number; ready: Ready } | undefined;
  let bad: { at: number; error: unknown } | undefined;
  let looking: Promise<Ready> | undefined;
  let moved = { slot: -1, at: 0 };
  let lastSaid = "";
  let worriedAt = Number.NEGATIVE_INFINITY;

  async function look(): Promise<Ready> {
    const treasuryUsdc = tokenAccount(treasury, usdcMint);
    const reads = createReads(rpc.within(patienceMs));
    const { slot, accounts } = await reads.accounts([
      ...[program.id, program.addresses.config, treasuryUsdc, spender],
    ]);
    void rpc.compare();
    const [code, configAccount, usdc, payer] = accounts;
    const chain = chainOf(rpc.genesis() ?? "");
    if (!code) throw wrong(`CREDITS_PROGRAM_ID: there is no program ${program.id} on ${chain}`);
    if (!code.executable) throw wrong(`CREDITS_PROGRAM_ID: ${program.id} on ${chain} is no program`);
    const config = program.config(configAccount ?? null);
    if (config === null)
      throw wrong(
        `CREDITS_PROGRAM_ID: the program ${program.id} on ${chain} has not been set up (initialize_config)`,
      );
    const mismatch = mismatchOf(config);
    if (mismatch !== undefined) throw wrong(mismatch);
    const lamports = payer?.lamports ?? 0;
    const worries: string[] = [];
    if (slot !== moved.slot) moved = { slot, at: now() };
    if (now() - moved.at >= STILL_MS)
      worries.push(
        `SOLANA_RPC_URL: the chain has stood still for ${Math.round((now() - moved.at) / 1000)} s`,
      );
    if (tokensOf(usdc ?? null, treasury, usdcMint) === null)
      worries.push(`TREASURY_ADDRESS: ${treasury} has no open USDC account, so nobody can buy credits`);
    if (lamports < LOW_LAMPORTS)
      worries.push(`SPENDER_KEYPAIR: ${spender} has only ${lamports / 1e9} SOL left to pay for charges with`);
    return {
      info: {
        chain,
        program_id: program.id.toBase58(),
        config_pda: program.addresses.config.toBase58(),
        usdc_mint: config.usdc_mint,
        treasury: config.treasury,
        credit_unit: config.price,
        paused: config.paused,
      },
      worries,
    };
  }

  function mismatchOf(config: Config): string | undefined {
    const pairs = [
      ["USDC_MINT", usdcMint, config.usdc_mint],
      ["TREASURY_ADDRESS", treasury, config.treasury],
      ["SPENDER_KEYPAIR", spender, config.spender],
    ] as const;
    const [other] = pairs.filter(([, set, onChain]) => set.toBase58() !== onChain);
    return other && `${other[0]} is ${other[1]}, but the program has ${other[2]}`;
  }

  /** One log line when it changes, not one per request. */
  function say(detail: string, isGood: boolean) {
    if (detail === lastSaid) return;
    lastSaid = detail;
    if (isGood) log.info({ detail }, "Credits can be used");
    else log.error({ detail }, "Credits cannot be used");
  }

  async function looked(): Promise<Ready> {
    try {
      const ready = await look();
      good = { at: now(), ready };
      bad = undefined;
      say(programOf(ready), true);
      if (ready.worries.length > 0 && now() - worriedAt >= WORRY_MS) {
        worriedAt = now();
        log.warn({ worries: ready.worries }, "Credits need the operator");
      }
      return ready;
    } catch (error) {
      bad = { at: now(), error };
      if (error instanceof KangKlipError && error.cause instanceof Mismatch) good = undefined;
      if (good === undefined) say(reasonOf(error, rpc), false);
      throw error;
    } finally {
      looking = undefined;
    }
  }

  /** @throws KangKlipError UNAVAILABLE */
  async function ready(): Promise<Ready> {
    const age = good === undefined ? Number.POSITIVE_INFINITY : now() - good.at;
    const mayLook = bad === undefined || now() - bad.at >= BAD_MS;
    if (age >= FRESH_MS && mayLook) looking ??= looked();
    if (good !== undefined && age < GOOD_MS) {
      looking?.catch(() => {}); // in the background: it is told where it matters
      return good.ready;
    }
    if (looking !== undefined) return looking;
    throw bad?.error;
  }

  return {
    ready,
    /** In one sentence for the operator. */
    async check(): Promise<{ ok: boolean; detail: string }> {
      try {
        await ready();
        const newest = await (looking ?? good?.ready);
        if (bad !== undefined || newest === undefined) throw bad?.error;
        return { ok: true, detail: [programOf(newest), ...newest.worries].join("; ") };
      } catch (error) {
        return { ok: false, detail: reasonOf(error, rpc) };
      }
    },
  };
}

const programOf = ({ info }: Ready) =>
  `program ${info.program_id} on ${info.chain}${info.paused ? ", top-ups paused" : ""}`;

/** The chain says something else than the settings: what was known before is void. */
class Mismatch extends Error {}

/** People are told that it is out of order, the operator why. */
const wrong = (sentence: string) =>
  new KangKlipError("UNAVAILABLE", "Credits are out of order: the operator has to look at the settings", {
    cause: new Mismatch(sentence),
  });

function reasonOf(error: unknown, rpc: Rpc): string {
  const { message, cause } = error as Error;
  const why = cause instanceof Error ? cause.message : message;
  const host = (cause as { host?: unknown } | undefined)?.host;
  return rpc.mixed() ?? (typeof host === "string" ? `SOLANA_RPC_URL: ${host} gives no answer (${why})` : why);
}
