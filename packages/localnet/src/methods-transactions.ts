import { SimulatedTransactionInfo } from "litesvm";
import { z } from "zod";
import { accountJson } from "./accounts.ts";
import type { Account, Chain, Commitment } from "./chain.ts";
import { errorJson, errorSentence, hasFailed, RPC, RpcError, type TransactionErrorJson } from "./errors.ts";
import type { FaultSwitches } from "./faults.ts";
import { innerInstructionsJson, type Landed, type Ledger, returnDataJson } from "./ledger.ts";
import {
  CommitmentName,
  GetTransactionConfig,
  Key,
  type Method,
  method,
  readTransaction,
  SendConfig,
  Signature,
  SimulateConfig,
  seenAt,
  withContext,
} from "./params.ts";
import { transactionJson } from "./transaction-json.ts";
import { decodeTransaction, type WireTransaction } from "./wire.ts";

const MAX_STATUSES = 256;
const MAX_SIGNATURES = 1000;

/** What is sent, tried, and asked about transactions. `produce` ends a block that something changed. */
export function transactionMethods(
  chain: Chain,
  ledger: Ledger,
  faults: Pick<FaultSwitches, "takeLoss" | "isTimeStopped">,
  produce: () => void,
): Record<string, Method> {
  const preflightFailure = (err: TransactionErrorJson, logs: string[] = [], unitsConsumed = 0) =>
    new RpcError(RPC.preflight, `Transaction simulation failed: ${errorSentence(err)}`, {
      ...{ err, logs, unitsConsumed, accounts: null, returnData: null, innerInstructions: null },
    });

  /** What a validator tries before it passes a transaction on. @throws RpcError */
  function preflight(transaction: WireTransaction, commitment: Commitment): void {
    if (!chain.isBlockhashValid(transaction.message.blockhash, commitment))
      throw preflightFailure("BlockhashNotFound");
    if (ledger.find(transaction.signature)) throw preflightFailure("AlreadyProcessed");
    const trial = ledger.simulate(transaction, { sigVerify: true });
    if (!hasFailed(trial)) return;
    const err = errorJson(trial);
    if (err === "SignatureFailure")
      throw new RpcError(RPC.signature, "Transaction signature verification failure");
    throw preflightFailure(err, trial.meta().logs(), Number(trial.meta().computeUnitsConsumed()));
  }

  function send(transaction: WireTransaction): string {
    const loss = faults.takeLoss();
    const slot = chain.slotAt("processed");
    if (loss === "lost") return transaction.signature;
    if (loss !== undefined) ledger.hold(transaction, slot + loss);
    else if (faults.isTimeStopped()) ledger.hold(transaction, slot + 1);
    else if ("landed" in ledger.execute(transaction)) produce();
    return transaction.signature;
  }

  const statusOf = (record: Landed) => {
    const reached = (["finalized", "confirmed"] as const).find((each) => record.slot <= chain.slotAt(each));
    return {
      slot: record.slot,
      confirmations: reached === "finalized" ? null : chain.slotAt("processed") - record.slot,
      err: record.err,
      status: record.err ? { Err: record.err } : { Ok: null },
      confirmationStatus: reached ?? "processed",
    };
  };
  /** For what may only be asked once it is confirmed. */
  const atLeastConfirmed = (config: { commitment?: Commitment | null | undefined } | null | undefined) => {
    const commitment = config?.commitment ?? "finalized";
    if (commitment === "processed")
      throw new RpcError(RPC.invalidParams, "Method does not support commitment below `confirmed`");
    return commitment;
  };

  return {
    sendTransaction: method(z.tuple([z.string(), SendConfig]), ([text, config]) => {
      const transaction = readTransaction(text, config?.encoding ?? "base58");
      if (!config?.skipPreflight) {
        const commitment = config?.preflightCommitment ?? "finalized";
        seenAt(chain, { commitment, minContextSlot: config?.minContextSlot });
        preflight(transaction, commitment);
      }
      return send(transaction);
    }),

    simulateTransaction: method(z.tuple([z.string(), SimulateConfig]), ([text, config]) => {
      if (config?.sigVerify && config.replaceRecentBlockhash)
        throw new RpcError(RPC.invalidParams, "sigVerify may not be used with replaceRecentBlockhash");
      const transaction = readTransaction(text, config?.encoding ?? "base58");
      const commitment = seenAt(chain, config);
      const replaced = config?.replaceRecentBlockhash ? chain.latestBlockhash(commitment) : null;
      const isKnown = replaced || chain.isBlockhashValid(transaction.message.blockhash, commitment);
      if (!isKnown)
        return withContext(chain, commitment, {
          ...{ err: "BlockhashNotFound", logs: [], accounts: null, unitsConsumed: 0, returnData: null },
        });
      const result = ledger.simulate(transaction, { sigVerify: config?.sigVerify ?? false });
      const metadata = result.meta();
      const after =
        result instanceof SimulatedTransactionInfo
          ? new Map((result.postAccounts() as Account[]).map((account) => [String(account.address), account]))
          : undefined;
      const encoding = config?.accounts?.encoding ?? "base64";
      const accounts =
        config?.accounts?.addresses.map(
          (address) =>
            after &&
            accountJson(chain, after.get(address) ?? chain.account(address, "processed"), {
              encoding,
              commitment,
            }),
        ) ?? null;
      return withContext(chain, commitment, {
        err: hasFailed(result) ? errorJson(result) : null,
        logs: metadata.logs(),
        unitsConsumed: Number(metadata.computeUnitsConsumed()),
        accounts: after ? accounts : accounts?.map(() => null),
        ...(config?.innerInstructions && { innerInstructions: innerInstructionsJson(metadata) }),
        ...(replaced && { replacementBlockhash: replaced }),
        returnData: null,
        ...returnDataJson(metadata),
      });
    }),

    getSignatureStatuses: method(
      z.tuple([
        z.array(Signature).max(MAX_STATUSES, `Too many inputs provided; max ${MAX_STATUSES}`),
        z.object({ searchTransactionHistory: z.boolean().nullish() }).nullish(),
      ]),
      ([signatures]) =>
        withContext(
          chain,
          "processed",
          signatures.map((signature) => {
            const record = ledger.find(signature);
            return record ? statusOf(record) : null;
          }),
        ),
    ),

    getSignaturesForAddress: method(
      z.tuple([
        Key,
        z
          .object({
            commitment: CommitmentName.nullish(),
            limit: z.int().min(1).max(MAX_SIGNATURES).nullish(),
            before: Signature.nullish(),
            until: Signature.nullish(),
            minContextSlot: z.int().nonnegative().nullish(),
          })
          .nullish(),
      ]),
      ([address, config]) => {
        const commitment = atLeastConfirmed(config);
        seenAt(chain, { ...config, commitment });
        const all = ledger.of(address);
        const from = config?.before ? all.indexOf(config.before) + 1 : 0;
        const until = config?.until ? all.indexOf(config.until) : -1;
        return all
          .slice(from, until < 0 ? undefined : until)
          .flatMap((signature) => ledger.find(signature) ?? [])
          .filter(({ slot }) => slot <= chain.slotAt(commitment))
          .slice(0, config?.limit ?? MAX_SIGNATURES)
          .map((record) => ({
            signature: record.signature,
            slot: record.slot,
            err: record.err,
            memo: null,
            blockTime: record.blockTime,
            confirmationStatus: statusOf(record).confirmationStatus,
          }));
      },
    ),

    getTransaction: method(z.tuple([Signature, GetTransactionConfig]), ([signature, config]) => {
      const commitment = atLeastConfirmed(config);
      const record = ledger.find(signature);
      if (!record || record.slot > chain.slotAt(commitment)) return null;
      const transaction = decodeTransaction(Buffer.from(record.bytes, "base64"));
      const { version } = transaction.message;
      const supported = config.maxSupportedTransactionVersion ?? -1;
      if (version !== "legacy" && version > supported)
        throw new RpcError(
          RPC.version,
          `Transaction version (${version}) is not supported by the requesting client. ` +
            `Please try the request again with the following configuration parameter: "maxSupportedTransactionVersion": ${version}`,
        );
      return {
        slot: record.slot,
        blockTime: record.blockTime,
        ...transactionJson(transaction, record, config.encoding),
        ...(config.maxSupportedTransactionVersion != null && { version }),
      };
    }),
  };
}
