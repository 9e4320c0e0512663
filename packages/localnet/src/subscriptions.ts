import { z } from "zod";
import { accountJson } from "./accounts.ts";
import type { Chain, Commitment } from "./chain.ts";
import { RPC, RpcError } from "./errors.ts";
import type { Landed, Ledger } from "./ledger.ts";
import { passes } from "./methods-accounts.ts";
import { AccountConfig, CommitmentName, Key, ProgramConfig, Signature, withContext } from "./params.ts";

const MAX_PER_CONNECTION = 1000;
const Call = z.object({
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  method: z.string().max(100),
  params: z.array(z.unknown()).nullish(),
});
const Commit = z.object({ commitment: CommitmentName.nullish() }).nullish();
const OfSignature = z.tuple([
  Signature,
  z
    .object({ commitment: CommitmentName.nullish(), enableReceivedNotification: z.boolean().nullish() })
    .nullish(),
]);
const OfLogs = z.tuple([
  z.union([z.enum(["all", "allWithVotes"]), z.object({ mentions: z.array(Key).length(1) })]),
  Commit,
]);

export interface Connection {
  receive(text: string): void;
  close(): void;
}
export interface Subscriptions {
  connect(send: (text: string) => void): Connection;
  /** A block was added. */
  slot(): void;
}

interface Subscription {
  onLanded?: (record: Landed, commitment: Commitment, changed: ReadonlySet<string>) => void;
  onSlot?: () => void;
}

/** The websocket side: who waits for a signature, an account, a program's accounts, logs or slots, and is told. */
export function createSubscriptions(chain: Chain, ledger: Ledger): Subscriptions {
  const all = new Map<number, Subscription>();
  let nextId = 1;
  ledger.listen((...event) => {
    for (const { onLanded } of [...all.values()]) onLanded?.(...event);
  });

  /** @returns what follows the answer to the subscription itself, where something is known already */
  function subscribe(
    method: string,
    params: unknown,
    id: number,
    notify: (name: string, result: unknown) => void,
  ): (() => void) | undefined {
    const told = (commitment: Commitment, value: unknown) => withContext(chain, commitment, value);
    switch (method) {
      case "signatureSubscribe": {
        const [signature, config] = read(OfSignature, params);
        const wanted = config?.commitment ?? "finalized";
        const tell = ({ err }: Landed) => {
          all.delete(id); // one answer ends it
          notify("signatureNotification", told(wanted, { err }));
        };
        all.set(id, {
          onLanded: (record, commitment) =>
            record.signature === signature && commitment === wanted && tell(record),
        });
        return () => {
          const record = ledger.find(signature);
          if (record && config?.enableReceivedNotification)
            notify("signatureNotification", told(wanted, "receivedSignature"));
          if (record && record.slot <= chain.slotAt(wanted)) tell(record);
        };
      }
      case "accountSubscribe": {
        const [address, config] = read(z.tuple([Key, AccountConfig]), params);
        const commitment = config?.commitment ?? "finalized";
        const encoding = config?.encoding ?? "base64";
        all.set(id, {
          onLanded(_record, reached, changed) {
            if (reached !== commitment || !changed.has(address)) return;
            const account = chain.account(address, commitment) ?? GONE(address);
            const value = accountJson(chain, account, { encoding, commitment });
            notify("accountNotification", told(commitment, value));
          },
        });
        return undefined;
      }
      case "programSubscribe": {
        const [program, config] = read(z.tuple([Key, ProgramConfig]), params);
        const commitment = config?.commitment ?? "finalized";
        const encoding = config?.encoding ?? "base64";
        all.set(id, {
          onLanded(_record, reached, changed) {
            if (reached !== commitment) return;
            for (const pubkey of changed) {
              const account = chain.account(pubkey, commitment);
              if (account?.programAddress !== program || !passes(account, config?.filters ?? [])) continue;
              const value = { pubkey, account: accountJson(chain, account, { encoding, commitment }) };
              notify("programNotification", told(commitment, value));
            }
          },
        });
        return undefined;
      }
      case "logsSubscribe": {
        const [filter, config] = read(OfLogs, params);
        const wanted = config?.commitment ?? "finalized";
        const mention = typeof filter === "string" ? undefined : filter.mentions[0];
        all.set(id, {
          onLanded(record, commitment) {
            if (commitment !== wanted || (mention && !record.keys.includes(mention))) return;
            const { signature, err, meta } = record;
            notify("logsNotification", told(wanted, { signature, err, logs: meta.logMessages }));
          },
        });
        return undefined;
      }
      case "slotSubscribe": {
        all.set(id, {
          onSlot() {
            const slot = chain.slotAt("processed");
            notify("slotNotification", { slot, parent: slot - 1, root: chain.slotAt("finalized") });
          },
        });
        return undefined;
      }
      case "rootSubscribe": {
        all.set(id, { onSlot: () => notify("rootNotification", chain.slotAt("finalized")) });
        return undefined;
      }
      default:
        throw new RpcError(RPC.methodNotFound, "Method not found");
    }
  }

  return {
    slot() {
      for (const { onSlot } of [...all.values()]) onSlot?.();
    },
    connect(send) {
      const mine = new Set<number>();
      const say = (value: object) => send(JSON.stringify({ jsonrpc: "2.0", ...value }));
      function run(method: string, params: unknown): { result: unknown; then?: (() => void) | undefined } {
        if (/^[a-z]+Unsubscribe$/.test(method)) {
          const [id] = read(z.tuple([z.int()]), params);
          if (!mine.delete(id)) throw new RpcError(RPC.invalidParams, "Invalid subscription id.");
          all.delete(id);
          return { result: true };
        }
        if (mine.size >= MAX_PER_CONNECTION) throw new RpcError(RPC.internal, "Too many subscriptions");
        const id = nextId++;
        const then = subscribe(method, params, id, (name, result) =>
          say({ method: name, params: { subscription: id, result } }),
        );
        mine.add(id);
        return { result: id, then };
      }
      return {
        receive(text) {
          let id: string | number | null = null;
          try {
            const parsed = Call.safeParse(parse(text));
            if (!parsed.success) throw new RpcError(RPC.invalidRequest, "Invalid request");
            id = parsed.data.id ?? null;
            const { result, then } = run(parsed.data.method, parsed.data.params ?? []);
            say({ result, id });
            then?.();
          } catch (error) {
            const { code, message } =
              error instanceof RpcError ? error : { code: RPC.internal, message: "Internal error" };
            say({ error: { code, message }, id });
          }
        },
        close() {
          for (const id of mine) all.delete(id);
          mine.clear();
        },
      };
    },
  };
}

/** What is told of an account that was closed. */
const GONE = (address: string) => ({
  address: address as never,
  lamports: 0n as never,
  data: new Uint8Array(),
  executable: false,
  programAddress: "11111111111111111111111111111111" as never,
  space: 0n,
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RpcError(RPC.parse, "Parse error");
  }
}

function read<S extends z.ZodType>(schema: S, params: unknown): z.output<S> {
  const parsed = schema.safeParse(params);
  if (!parsed.success) throw new RpcError(RPC.invalidParams, "Invalid params");
  return parsed.data;
}
