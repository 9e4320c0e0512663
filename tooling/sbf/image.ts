import { murmur3 } from "./murmur3.ts";
import type { BpfObject, Relocation, Section } from "./object.ts";

/** sBPF versions that are written: 0 for old clusters, 3 is what is shipped. */
export type SbpfVersion = 0 | 3;

/** Where the machine sees the code (v3) or the whole read-only image (v0). */
export const TEXT_BASE = 0x1_0000_0000n;
/** v0: ELF header and three program headers come first, and addresses are file offsets. */
export const V0_TEXT_START = 64 + 3 * 56;

const INSTRUCTION_BYTES = 8;
const R = { lddw: 1, abs64: 2, abs32: 3, nodyld32: 4, call: 10 };
/** Upper half of a call's second byte. */
const [SYSCALL, LOCAL_CALL] = [0, 0x10];

export interface Image {
  /** Instructions, every relocation applied. */
  code: Buffer;
  /** Constants, every relocation applied. */
  data: Buffer;
  /** Address of the first byte of `code` and of `data`, TEXT_BASE not added. */
  codeStart: number;
  dataStart: number;
  /** Address of the entry function, TEXT_BASE not added. */
  entry: number;
  syscalls: string[];
  /** v0 alone: calls whose target the loader writes. */
  dynamicCalls: { address: number; syscall: string }[];
}

interface Placed {
  section: Section;
  address: number;
}

/** Places the sections of an object and applies its relocations. @throws Error where a program of this kind can not be one */
export function makeImage(object: BpfObject, version: SbpfVersion, entry: string): Image {
  const code = object.sections.filter(({ kind }) => kind === "code");
  const data = object.sections.filter(({ kind, name }) => kind === "data" && !name.startsWith(".eh_frame"));
  for (const section of data) refuseWritable(section);

  const codeStart = version === 0 ? V0_TEXT_START : 0;
  const codeLayout = place(code, codeStart);
  const dataStart = version === 0 ? codeLayout.end : 0;
  const dataLayout = place(data, dataStart);
  const placed = new Map(
    [...codeLayout.placed, ...dataLayout.placed].map((each) => [each.section.index, each]),
  );
  const image: Image = {
    code: filled(codeLayout, codeStart),
    data: filled(dataLayout, dataStart),
    ...{ codeStart, dataStart, syscalls: [], dynamicCalls: [] },
    entry: entryAddress(object, placed, entry),
  };
  for (const relocation of object.relocations) {
    const at = placed.get(relocation.section);
    if (at) apply(relocation, at, { image, placed, version });
  }
  return image;
}

function refuseWritable({ name, bytes, isWritable, isEmptyAtStart }: Section) {
  if (isEmptyAtStart || (isWritable && !name.startsWith(".data.rel.ro"))) {
    throw new Error(
      `Section ${name} (${bytes.length} bytes) is writable: an sBPF program has no mutable statics`,
    );
  }
}

function place(sections: Section[], start: number) {
  let end = start;
  const placed = sections.map((section): Placed => {
    const address = alignUp(end, Math.max(section.align, INSTRUCTION_BYTES));
    end = address + section.bytes.length;
    return { section, address };
  });
  return { placed, end: alignUp(end, INSTRUCTION_BYTES) };
}

function filled({ placed, end }: { placed: Placed[]; end: number }, start: number): Buffer {
  const bytes = Buffer.alloc(end - start);
  for (const { section, address } of placed) section.bytes.copy(bytes, address - start);
  return bytes;
}

function entryAddress(object: BpfObject, placed: Map<number, Placed>, name: string): number {
  const symbol = object.symbols.find((each) => each.name === name && each.section !== 0);
  const at = symbol && placed.get(symbol.section);
  if (!symbol || at?.section.kind !== "code") throw new Error(`The object has no function ${name}`);
  return at.address + symbol.value;
}

interface Target {
  image: Image;
  placed: Map<number, Placed>;
  version: SbpfVersion;
}

function apply(relocation: Relocation, { section, address }: Placed, target: Target) {
  const { image, placed, version } = target;
  const { type, symbol, offset, addend } = relocation;
  const isCode = section.kind === "code";
  const bytes = isCode ? image.code : image.data;
  const at = address - (isCode ? image.codeStart : image.dataStart) + offset;
  const defined = placed.get(symbol.section);

  if (type === R.lddw || type === R.abs64) {
    if (!defined) throw new Error(`Nothing defines ${symbol.name}, whose address is taken`);
    const base = version === 0 || defined.section.kind === "code" ? TEXT_BASE : 0n;
    const value = base + BigInt(defined.address + symbol.value) + addend;
    if (type === R.abs64) bytes.writeBigUInt64LE(value + bytes.readBigUInt64LE(at), at);
    else addToImmediates(bytes, at, value);
  } else if (type === R.call && defined) {
    // A call of a section's symbol says by its immediate where in the section the function lies.
    const immediate = symbol.isSection ? (bytes.readInt32LE(at + 4) + 1) * INSTRUCTION_BYTES : 0;
    const callee = defined.address + symbol.value + immediate;
    bytes.writeInt32LE((callee - address - offset) / INSTRUCTION_BYTES - 1, at + 4);
    setSource(bytes, at, LOCAL_CALL);
  } else if (type === R.call) {
    callSyscall(relocation, { bytes, at, address: address + offset }, target);
  } else if (type !== R.abs32 && type !== R.nodyld32) {
    throw new Error(`Relocation type ${type} is not known`);
  }
}

/** lddw holds its 64 bits in the immediates of two instructions. */
function addToImmediates(bytes: Buffer, at: number, value: bigint) {
  const implicit = BigInt(bytes.readUInt32LE(at + 4)) | (BigInt(bytes.readUInt32LE(at + 12)) << 32n);
  const sum = BigInt.asUintN(64, value + implicit);
  bytes.writeUInt32LE(Number(sum & 0xffffffffn), at + 4);
  bytes.writeUInt32LE(Number(sum >> 32n), at + 12);
}

function callSyscall(
  { symbol: { name } }: Relocation,
  { bytes, at, address }: { bytes: Buffer; at: number; address: number },
  { image, version }: Target,
) {
  // A library function that is missing would otherwise show only when the loader meets an id that it does not know.
  if (name !== "abort" && !/^sol_[a-z0-9_]+$/.test(name)) {
    throw new Error(`Nothing defines ${name}, and it is no syscall`);
  }
  if (!image.syscalls.includes(name)) image.syscalls.push(name);
  if (version === 3) {
    bytes.writeUInt32LE(murmur3(name), at + 4);
    setSource(bytes, at, SYSCALL);
  } else {
    bytes.writeInt32LE(-1, at + 4);
    setSource(bytes, at, LOCAL_CALL);
    image.dynamicCalls.push({ address, syscall: name });
  }
}

const setSource = (bytes: Buffer, at: number, source: number) => {
  bytes[at + 1] = ((bytes[at + 1] ?? 0) & 0x0f) | source;
};
export const alignUp = (value: number, to: number) => Math.ceil(value / to) * to;
