import {
  type AccountInfo,
  PublicKey,
  SYSVAR_CLOCK_PUBKEY,
  SYSVAR_RENT_PUBKEY,
  SystemProgram,
  TransactionInstruction,
} from "@solana/web3.js";

/** The upgradeable loader: its instructions, and the three kinds of accounts that it keeps. */
export const LOADER = new PublicKey("BPFLoaderUpgradeab1e11111111111111111111111");

const KIND = { buffer: 1, program: 2, programData: 3 };
export const PROGRAM_BYTES = 36;
/** Bytes before the program itself. */
export const HEADER_BYTES = { buffer: 37, programData: 45 } as const;
const INSTRUCTION = {
  initializeBuffer: 0,
  write: 1,
  deploy: 2,
  upgrade: 3,
  setAuthority: 4,
  close: 5,
  extend: 6,
};

export const programDataOf = (program: PublicKey): PublicKey =>
  PublicKey.findProgramAddressSync([program.toBuffer()], LOADER)[0];

type Account = Pick<AccountInfo<Buffer>, "owner" | "data">;

/** Who may write a buffer, and what is in it; undefined where the account is no buffer. */
export function readBuffer({
  owner,
  data,
}: Account): { authority: PublicKey | null; bytes: Buffer } | undefined {
  if (!owner.equals(LOADER) || data.length < HEADER_BYTES.buffer || data.readUInt32LE(0) !== KIND.buffer)
    return;
  return { authority: optionalKey(data, 4), bytes: data.subarray(HEADER_BYTES.buffer) };
}

/** Who may upgrade a program (null: nobody), the slot of its last deployment, and its bytes with the spare ones behind. */
export function readProgramData({
  owner,
  data,
}: Account): { authority: PublicKey | null; slot: number; bytes: Buffer } | undefined {
  const { programData } = HEADER_BYTES;
  if (!owner.equals(LOADER) || data.length < programData || data.readUInt32LE(0) !== KIND.programData) return;
  return {
    authority: optionalKey(data, 12),
    slot: Number(data.readBigUInt64LE(4)),
    bytes: data.subarray(programData),
  };
}

export const isProgram = ({ owner, data }: Account): boolean =>
  owner.equals(LOADER) && data.length >= PROGRAM_BYTES && data.readUInt32LE(0) === KIND.program;

const optionalKey = (data: Buffer, at: number) =>
  data[at] === 1 ? new PublicKey(data.subarray(at + 1, at + 33)) : null;

export const initializeBuffer = (buffer: PublicKey, authority: PublicKey) =>
  instruction([meta(buffer, "w"), meta(authority)], u32(INSTRUCTION.initializeBuffer));

export const write = (buffer: PublicKey, authority: PublicKey, offset: number, bytes: Buffer) =>
  instruction(
    [meta(buffer, "w"), meta(authority, "s")],
    ...[u32(INSTRUCTION.write), u32(offset), u64(bytes.length), bytes],
  );

/** @param maxBytes that the program may ever grow to without being extended */
export const deploy = (
  { payer, program, buffer, authority }: Record<"payer" | "program" | "buffer" | "authority", PublicKey>,
  maxBytes: number,
) =>
  instruction(
    [
      ...[meta(payer, "sw"), meta(programDataOf(program), "w"), meta(program, "w"), meta(buffer, "w")],
      ...[
        meta(SYSVAR_RENT_PUBKEY),
        meta(SYSVAR_CLOCK_PUBKEY),
        meta(SystemProgram.programId),
        meta(authority, "s"),
      ],
    ],
    ...[u32(INSTRUCTION.deploy), u64(maxBytes)],
  );

/** Replaces a program's bytes; `spill` gets the buffer's lamports back. */
export const upgrade = ({
  program,
  buffer,
  spill,
  authority,
}: Record<"program" | "buffer" | "spill" | "authority", PublicKey>) =>
  instruction(
    [
      ...[meta(programDataOf(program), "w"), meta(program, "w"), meta(buffer, "w"), meta(spill, "w")],
      ...[meta(SYSVAR_RENT_PUBKEY), meta(SYSVAR_CLOCK_PUBKEY), meta(authority, "s")],
    ],
    u32(INSTRUCTION.upgrade),
  );

export const extend = (program: PublicKey, payer: PublicKey, bytes: number) =>
  instruction(
    [
      ...[meta(programDataOf(program), "w"), meta(program, "w")],
      ...[meta(SystemProgram.programId), meta(payer, "sw")],
    ],
    ...[u32(INSTRUCTION.extend), u32(bytes)],
  );

/** Gives a program to another upgrade authority. */
export const setAuthority = (program: PublicKey, authority: PublicKey, next: PublicKey) =>
  instruction(
    [meta(programDataOf(program), "w"), meta(authority, "s"), meta(next)],
    u32(INSTRUCTION.setAuthority),
  );

function instruction(keys: TransactionInstruction["keys"], ...data: Buffer[]): TransactionInstruction {
  return new TransactionInstruction({ programId: LOADER, keys, data: Buffer.concat(data) });
}

const meta = (pubkey: PublicKey, flags = "") => ({
  pubkey,
  isSigner: flags.includes("s"),
  isWritable: flags.includes("w"),
});
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
