import bs58 from "bs58";

/** Largest transactions that a cluster takes, in bytes: one packet, and 4,096 for version 1 (SIMD-0385). */
const MAX_BYTES = { packet: 1232, v1: 4096 } as const;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const VERSION_BIT = 0x80;

export interface WireInstruction {
  programIdIndex: number;
  accounts: number[];
  data: Uint8Array;
}

/** What a message of any version says. Keys, the blockhash and signatures are base58. */
export interface WireMessage {
  version: "legacy" | 0 | 1;
  header: { signatures: number; readonlySigned: number; readonlyUnsigned: number };
  keys: string[];
  blockhash: string;
  instructions: WireInstruction[];
  lookups: { table: string; writable: number[]; readonly: number[] }[];
  /** Version 1 only; lamports, compute units, bytes. */
  config: {
    priorityFee: bigint | null;
    computeUnitLimit: number | null;
    loadedAccountsDataSizeLimit: number | null;
    heapSize: number | null;
  } | null;
}

export interface WireTransaction {
  bytes: Uint8Array;
  messageBytes: Uint8Array;
  signatures: Uint8Array[];
  /** The first signature, which names the transaction. */
  signature: string;
  message: WireMessage;
}

/** Bytes that are no transaction: the sentence says where they stop being one. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/**
 * Reads a transaction as strictly as a cluster does: lengths in their shortest form, every index within bounds, not one byte left over.
 * The virtual machine ends the whole process at bytes that it cannot read, so nothing reaches it that did not pass here.
 * @throws WireError
 */
export function decodeTransaction(bytes: Uint8Array): WireTransaction {
  const isV1 = bytes[0] === (VERSION_BIT | 1);
  const limit = isV1 ? MAX_BYTES.v1 : MAX_BYTES.packet;
  if (bytes.length > limit)
    throw new WireError(`transaction too large: ${bytes.length} bytes (max: ${limit} bytes)`);
  return isV1 ? decodeV1(bytes) : decodePacket(bytes);
}

/** Reads a message alone, as one whose signatures are still missing. @throws WireError */
export function decodeMessage(bytes: Uint8Array): WireMessage {
  const isVersioned = ((bytes[0] ?? 0) & VERSION_BIT) !== 0;
  const count = bytes[isVersioned ? 1 : 0] ?? 0;
  if (count > 127) throw new WireError("the message asks for too many signatures");
  const unsigned = new Uint8Array(count * SIGNATURE_BYTES);
  const isV1 = bytes[0] === (VERSION_BIT | 1);
  const parts = isV1 ? [bytes, unsigned] : [Uint8Array.of(count), unsigned, bytes];
  return decodeTransaction(Buffer.concat(parts)).message;
}

function decodePacket(bytes: Uint8Array): WireTransaction {
  const read = reader(bytes);
  const signatures = read.list(() => read.bytes(SIGNATURE_BYTES));
  const start = read.at();
  const prefix = read.peek();
  const isVersioned = (prefix & VERSION_BIT) !== 0;
  if (isVersioned && read.u8() !== VERSION_BIT)
    throw new WireError(`transaction version ${prefix & ~VERSION_BIT} is not known here`);
  const header = { signatures: read.u8(), readonlySigned: read.u8(), readonlyUnsigned: read.u8() };
  const keys = read.list(read.key);
  const blockhash = read.key();
  const instructions = read.list(() => ({
    programIdIndex: read.u8(),
    accounts: [...read.bytes(read.length())],
    data: read.bytes(read.length()),
  }));
  const lookups = isVersioned
    ? read.list(() => ({
        table: read.key(),
        writable: [...read.bytes(read.length())],
        readonly: [...read.bytes(read.length())],
      }))
    : [];
  read.end();
  const version = isVersioned ? 0 : "legacy";
  const message: WireMessage = { version, header, keys, blockhash, instructions, lookups, config: null };
  return checked({ bytes, messageBytes: bytes.subarray(start), signatures, message });
}

/** Version 1: the message first, its signatures after it, lengths of one or two plain bytes (SIMD-0385). */
function decodeV1(bytes: Uint8Array): WireTransaction {
  const messageLength = bytes.length - SIGNATURE_BYTES * (bytes[1] ?? 0);
  if (messageLength <= 1) throw new WireError("the transaction ends before its signatures do");
  const messageBytes = bytes.subarray(0, messageLength);
  const read = reader(messageBytes);
  read.u8(); // the version
  const header = { signatures: read.u8(), readonlySigned: read.u8(), readonlyUnsigned: read.u8() };
  const mask = read.u32();
  if (mask > 0b11111 || (mask & 0b11) === 0b01 || (mask & 0b11) === 0b10)
    throw new WireError("the mask of the transaction's configuration is not valid");
  const blockhash = read.key();
  const [instructionCount, keyCount] = [read.u8(), read.u8()];
  const keys = times(keyCount, read.key);
  const config = {
    priorityFee: mask & 0b11 ? read.u64() : null,
    computeUnitLimit: mask & 0b100 ? read.u32() : null,
    loadedAccountsDataSizeLimit: mask & 0b1000 ? read.u32() : null,
    heapSize: mask & 0b10000 ? read.u32() : null,
  };
  const heads = times(instructionCount, () => ({
    programIdIndex: read.u8(),
    accounts: read.u8(),
    data: read.u16(),
  }));
  const instructions = heads.map(({ programIdIndex, accounts, data }) => ({
    programIdIndex,
    accounts: [...read.bytes(accounts)],
    data: read.bytes(data),
  }));
  read.end();
  const signatures = times(header.signatures, (index) =>
    bytes.subarray(messageLength + index * SIGNATURE_BYTES, messageLength + (index + 1) * SIGNATURE_BYTES),
  );
  const message: WireMessage = { version: 1, header, keys, blockhash, instructions, lookups: [], config };
  return checked({ bytes, messageBytes, signatures, message });
}

function checked(transaction: Omit<WireTransaction, "signature">): WireTransaction {
  const { signatures, message } = transaction;
  const { header, keys, lookups, instructions } = message;
  const loaded = lookups.reduce((sum, { writable, readonly }) => sum + writable.length + readonly.length, 0);
  const total = keys.length + loaded;
  const isSound =
    signatures.length > 0 &&
    signatures.length === header.signatures &&
    header.readonlySigned < header.signatures &&
    header.signatures + header.readonlyUnsigned <= keys.length &&
    total <= 256 &&
    lookups.every(({ writable, readonly }) => writable.length + readonly.length > 0) &&
    instructions.every(
      ({ programIdIndex, accounts }) =>
        programIdIndex > 0 && programIdIndex < keys.length && accounts.every((index) => index < total),
    );
  const first = signatures[0];
  if (!isSound || !first)
    throw new WireError("invalid transaction: Transaction failed to sanitize accounts offsets correctly");
  return { ...transaction, signature: bs58.encode(first) };
}

/** Whether the account at an index of the static keys may be written; further ones are told by their lookup. */
export const isStaticWritable = ({ header, keys }: WireMessage, index: number): boolean =>
  index < header.signatures
    ? index < header.signatures - header.readonlySigned
    : index < keys.length - header.readonlyUnsigned;

const times = <T>(count: number, each: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => each(index));

function reader(from: Uint8Array) {
  const view = new DataView(from.buffer, from.byteOffset, from.byteLength);
  let at = 0;
  const take = (count: number) => {
    if (at + count > from.length) throw new WireError("the transaction ends too early");
    at += count;
    return at - count;
  };
  const bytes = (count: number) => {
    const start = take(count);
    return from.subarray(start, start + count);
  };
  const u8 = () => view.getUint8(take(1));
  /** A compact-u16: seven bits a byte, the shortest form alone. */
  const length = () => {
    let value = 0;
    for (let shift = 0; shift < 21; shift += 7) {
      const byte = u8();
      value |= (byte & 0x7f) << shift;
      if (byte & 0x80) continue;
      if ((byte === 0 && shift > 0) || value > 0xffff) break;
      return value;
    }
    throw new WireError("a length of the transaction is not in its shortest form");
  };
  return {
    at: () => at,
    peek: () => from[at] ?? 0,
    bytes,
    u8,
    u16: () => view.getUint16(take(2), true),
    u32: () => view.getUint32(take(4), true),
    u64: () => view.getBigUint64(take(8), true),
    key: () => bs58.encode(bytes(KEY_BYTES)),
    length,
    list: <T>(each: () => T) => times(length(), each),
    end() {
      if (at !== from.length) throw new WireError("the transaction goes on after its end");
    },
  };
}
