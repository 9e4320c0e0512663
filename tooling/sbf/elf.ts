import { alignUp, type Image, TEXT_BASE, V0_TEXT_START } from "./image.ts";

const EM_BPF = 247;
const ET_DYN = 3;
const [HEADER_BYTES, PROGRAM_HEADER_BYTES, SECTION_HEADER_BYTES] = [64, 56, 64];
const [PT_LOAD, PT_DYNAMIC] = [1, 2];
const PF = { x: 1, r: 4, rx: 5, rw: 6 };
const SHT = { progbits: 1, strtab: 3, dynamic: 6, rel: 9, dynsym: 11 };
const SHF = { alloc: 2, writeAlloc: 3, allocExec: 6 };
const R_CALL = 10;
const DT = { strtab: 5, symtab: 6, strsz: 10, syment: 11, rel: 17, relsz: 18, relent: 19, flags: 30 };
const DF_TEXTREL = 4;
const DYNAMIC_BYTES = 16 * 9;

/** Version 3, strict: constants at 0, code at TEXT_BASE, no sections and nothing left for the loader to write. */
export function writeV3({ code, data, entry }: Image): Buffer {
  const count = data.length > 0 ? 2 : 1;
  const dataAt = HEADER_BYTES + PROGRAM_HEADER_BYTES * count;
  const codeSegment = programHeader({
    ...{ type: PT_LOAD, flags: PF.x, offset: dataAt + data.length },
    ...{ address: TEXT_BASE, size: code.length },
  });
  const dataSegment = programHeader({
    type: PT_LOAD,
    flags: PF.r,
    offset: dataAt,
    address: 0n,
    size: data.length,
  });
  return Buffer.concat([
    header({ version: 3, entry: TEXT_BASE + BigInt(entry), programHeaders: count }),
    ...(data.length > 0 ? [dataSegment] : []),
    codeSegment,
    data,
    code,
  ]);
}

interface SectionHeader {
  name: string;
  type: number;
  flags: number;
  address: number;
  offset: number;
  size: number;
  link?: number;
  info?: number;
  entrySize?: number;
}

/** Version 0, lenient: addresses are file offsets, and a dynamic symbol table names the syscall of each call. */
export function writeV0({ code, data, codeStart, dataStart, entry, syscalls, dynamicCalls }: Image): Buffer {
  const imageEnd = dataStart + data.length;
  const strings = stringTable(syscalls);
  const symbols = symbolTable(strings.offsets);
  const calls = relocationTable(dynamicCalls, syscalls);

  const dynamicAt = imageEnd;
  const symbolsAt = dynamicAt + DYNAMIC_BYTES;
  const stringsAt = symbolsAt + alignUp(symbols.length, 8);
  const callsAt = stringsAt + alignUp(strings.bytes.length, 8);
  const namesAt = callsAt + alignUp(calls.length, 8);
  // Without a call of that kind the loader wants no table of them: one of no bytes would lie in no segment.
  const callEntries: [number, number][] =
    calls.length > 0
      ? [
          [DT.rel, callsAt],
          [DT.relsz, calls.length],
          [DT.relent, 16],
        ]
      : [];
  const dynamic = dynamicTable([
    [DT.flags, DF_TEXTREL],
    ...callEntries,
    [DT.symtab, symbolsAt],
    [DT.syment, 24],
    [DT.strtab, stringsAt],
    [DT.strsz, strings.bytes.length],
  ]);

  const mapped = (name: string, flags: number, address: number, size: number): SectionHeader => ({
    ...{ name, type: SHT.progbits, flags, address, offset: address, size },
  });
  const headers: SectionHeader[] = [
    { name: "", type: 0, flags: 0, address: 0, offset: 0, size: 0 },
    mapped(".text", SHF.allocExec, codeStart, code.length),
    ...(data.length > 0 ? [mapped(".rodata", SHF.alloc, dataStart, data.length)] : []),
  ];
  const dynamicIndex = headers.length;
  headers.push(
    {
      ...mapped(".dynamic", SHF.writeAlloc, dynamicAt, dynamic.length),
      ...{ type: SHT.dynamic, link: dynamicIndex + 2, entrySize: 16 },
    },
    {
      ...mapped(".dynsym", SHF.alloc, symbolsAt, symbols.length),
      ...{ type: SHT.dynsym, link: dynamicIndex + 2, info: 1, entrySize: 24 },
    },
    { ...mapped(".dynstr", SHF.alloc, stringsAt, strings.bytes.length), type: SHT.strtab },
    {
      ...mapped(".rel.dyn", SHF.alloc, callsAt, calls.length),
      ...{ type: SHT.rel, link: dynamicIndex + 1, entrySize: 16 },
    },
  );
  const names = stringTable([...headers.slice(1).map(({ name }) => name), ".shstrtab"]);
  headers.push({
    ...{ name: ".shstrtab", type: SHT.strtab, flags: 0, address: 0 },
    ...{ offset: namesAt, size: names.bytes.length },
  });
  const nameOffsets = [0, ...names.offsets];
  const tableAt = namesAt + alignUp(names.bytes.length, 8);

  const segment = (type: number, flags: number, offset: number, size: number) =>
    programHeader({ type, flags, offset, address: BigInt(offset), size });
  return Buffer.concat([
    header({
      ...{ version: 0, entry: BigInt(entry), programHeaders: 3 },
      ...{ sectionsAt: tableAt, sections: headers.length },
    }),
    segment(PT_LOAD, PF.rx, V0_TEXT_START, imageEnd - V0_TEXT_START),
    segment(PT_LOAD, PF.r, dynamicAt, namesAt - dynamicAt),
    segment(PT_DYNAMIC, PF.rw, dynamicAt, dynamic.length),
    code,
    data,
    ...[dynamic, symbols, strings.bytes, calls, names.bytes].map(padded),
    ...headers.map((each, index) => sectionHeader(each, nameOffsets[index] ?? 0)),
  ]);
}

interface Header {
  version: number;
  entry: bigint;
  programHeaders: number;
  sectionsAt?: number;
  sections?: number;
}

function header({ version, entry, programHeaders, sectionsAt = 0, sections = 0 }: Header): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write("\x7fELF\x02\x01\x01", "latin1"); // 64 bits, little endian, version 1
  bytes.writeUInt16LE(ET_DYN, 16);
  bytes.writeUInt16LE(EM_BPF, 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(entry, 24);
  bytes.writeBigUInt64LE(BigInt(HEADER_BYTES), 32);
  bytes.writeBigUInt64LE(BigInt(sectionsAt), 40);
  bytes.writeUInt32LE(version, 48); // e_flags: the loader takes the version from here
  bytes.writeUInt16LE(HEADER_BYTES, 52);
  bytes.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  bytes.writeUInt16LE(programHeaders, 56);
  bytes.writeUInt16LE(SECTION_HEADER_BYTES, 58);
  bytes.writeUInt16LE(sections, 60);
  bytes.writeUInt16LE(Math.max(0, sections - 1), 62); // the names come last
  return bytes;
}

interface Segment {
  type: number;
  flags: number;
  offset: number;
  address: bigint;
  size: number;
}

function programHeader({ type, flags, offset, address, size }: Segment): Buffer {
  const bytes = Buffer.alloc(PROGRAM_HEADER_BYTES);
  bytes.writeUInt32LE(type, 0);
  bytes.writeUInt32LE(flags, 4);
  for (const [index, value] of [BigInt(offset), address, address, BigInt(size), BigInt(size), 8n].entries()) {
    bytes.writeBigUInt64LE(value, 8 + 8 * index);
  }
  return bytes;
}

function sectionHeader(
  { type, flags, address, offset, size, link = 0, info = 0, entrySize = 0 }: SectionHeader,
  nameAt: number,
): Buffer {
  const bytes = Buffer.alloc(SECTION_HEADER_BYTES);
  bytes.writeUInt32LE(nameAt, 0);
  bytes.writeUInt32LE(type, 4);
  for (const [index, value] of [flags, address, offset, size].entries()) {
    bytes.writeBigUInt64LE(BigInt(value), 8 + 8 * index);
  }
  bytes.writeUInt32LE(link, 40);
  bytes.writeUInt32LE(info, 44);
  bytes.writeBigUInt64LE(type ? 8n : 0n, 48);
  bytes.writeBigUInt64LE(BigInt(entrySize), 56);
  return bytes;
}

function stringTable(texts: string[]) {
  let bytes = "\0";
  const offsets = texts.map((text) => {
    const at = bytes.length;
    bytes += `${text}\0`;
    return at;
  });
  return { bytes: Buffer.from(bytes), offsets };
}

function symbolTable(nameOffsets: number[]): Buffer {
  const bytes = Buffer.alloc(24 * (nameOffsets.length + 1));
  for (const [index, at] of nameOffsets.entries()) {
    bytes.writeUInt32LE(at, 24 * (index + 1));
    bytes[24 * (index + 1) + 4] = 0x10; // global
  }
  return bytes;
}

function relocationTable(calls: Image["dynamicCalls"], syscalls: string[]): Buffer {
  const bytes = Buffer.alloc(16 * calls.length);
  for (const [index, { address, syscall }] of calls.entries()) {
    bytes.writeBigUInt64LE(BigInt(address), 16 * index);
    bytes.writeUInt32LE(R_CALL, 16 * index + 8);
    bytes.writeUInt32LE(syscalls.indexOf(syscall) + 1, 16 * index + 12);
  }
  return bytes;
}

function dynamicTable(entries: [tag: number, value: number][]): Buffer {
  const bytes = Buffer.alloc(DYNAMIC_BYTES); // zeros end it
  for (const [index, [tag, value]] of entries.entries()) {
    bytes.writeBigUInt64LE(BigInt(tag), 16 * index);
    bytes.writeBigUInt64LE(BigInt(value), 16 * index + 8);
  }
  return bytes;
}

const padded = (bytes: Buffer) =>
  Buffer.concat([bytes, Buffer.alloc(alignUp(bytes.length, 8) - bytes.length)]);
