import bs58 from "bs58";
import type { Paid, Program } from "./program.ts";
import type { Landed } from "./reads.ts";

/**
 * Payments into our program that a landed transaction made for one wallet, in their order; empty where it made none. Only what our
 * program itself printed counts: others can print the same line. Where the log was cut or is missing, the instructions say it (they ran,
 * for the transaction did not fail). Never told from balances, nor from the program's address occurring somewhere. Pure.
 */
export function paymentsOf(landed: Landed, program: Program, wallet: string): Paid[] {
  const logs = landed.meta?.logMessages;
  const whole = logs !== undefined && logs !== null && !logs.some(isCut);
  const paid = whole ? paidInLogs(logs, program) : paidInInstructions(landed, program);
  return paid.filter(({ user }) => user === wallet);
}

/** A validator keeps 10,000 bytes of log; shorter lines may still follow what it dropped, so frames cannot be told from a cut log. */
const isCut = (line: string) => line === "Log truncated";

const INVOKED = /^Program ([1-9A-HJ-NP-Za-km-z]{32,44}) invoke \[(\d+)\]$/;
const LEFT = /^Program ([1-9A-HJ-NP-Za-km-z]{32,44}) (?:success|failed: .*)$/s;
const DATA = "Program data: ";

/**
 * Reads with the stack of programs at each line. A program prints lines that begin with "Program log: ", "Program data: " or
 * "Program return: " alone, so it cannot make one that enters or leaves a frame.
 */
function paidInLogs(logs: readonly string[], program: Program): Paid[] {
  const ours = program.id.toBase58();
  const stack: string[] = [];
  return logs.flatMap((line) => {
    const [, invoked, depth] = INVOKED.exec(line) ?? [];
    if (invoked !== undefined) {
      stack.length = Math.min(stack.length, Number(depth) - 1);
      stack.push(invoked);
    } else if (LEFT.test(line)) stack.pop();
    else if (line.startsWith(DATA) && stack.at(-1) === ours)
      return program.paidEvent(line.slice(DATA.length)) ?? [];
    return [];
  });
}

function paidInInstructions({ transaction, meta }: Landed, program: Program): Paid[] {
  const loaded = meta?.loadedAddresses;
  const keys = [...transaction.message.accountKeys, ...(loaded?.writable ?? []), ...(loaded?.readonly ?? [])];
  const inner = (meta?.innerInstructions ?? []).flatMap(({ instructions }) => instructions);
  return [...transaction.message.instructions, ...inner].flatMap(({ programIdIndex, accounts, data }) => {
    if (keys[programIdIndex] !== program.id.toBase58()) return [];
    const addresses = accounts.map((index) => keys[index]);
    return program.payInstruction(bytesOf(data), addresses) ?? [];
  });
}

function bytesOf(base58: string): Uint8Array {
  try {
    return bs58.decode(base58);
  } catch {
    return new Uint8Array();
  }
}
