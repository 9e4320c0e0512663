/** Reads what `llc-22 -march=bpfel -filetype=obj` writes: a relocatable ELF64 object for BPF. */

const EM_BPF = 247;
const ET_REL = 1;
const [SYMTAB, NOBITS, REL, RELA] = [2, 8, 9, 4];
const FLAGS = { write: 1, alloc: 2, exec: 4 };
const SECTION_SYMBOL = 3;
/** The code model's traps: LLVM lowers `unreachable` and panics to a call of __bpf_trap. */
const ALIASES: Record<string, string> = { __bpf_trap: "abort" };

export interface Section {
  index: number;
  name: string;
  kind: "code" | "data" | "other";
  isWritable: boolean;
  isEmptyAtStart: boolean;
  align: number;
  bytes: Buffer;
}

export interface SymbolEntry {
  name: string;
  /** Index of the section that defines it; 0 where none of this object does. */
  section: number;
  value: number;
  isSection: boolean;
}

export interface Relocation {
  /** Index of the section whose bytes change. */
  section: number;
  offset: number;
  type: number;
  symbol: SymbolEntry;
  addend: bigint;
}

export interface BpfObject {
  sections: Section[];
  symbols: SymbolEntry[];
  relocations: Relocation[];
}

/** @throws Error where the bytes are no such object (LLVM bitcode, say, which llc has yet to turn into one). */
export function readObject(file: Buffer): BpfObject {
  if (!isBpfObject(file)) {
    throw new Error("This is no relocatable ELF64 object for BPF: run llc-22 on the bitcode first");
  }
  const headers = readHeaders(file);
  const sections = headers.map(({ index, name, type, flags, align, bytes }): Section => {
    const kind =
      !(flags & FLAGS.alloc) || bytes.length === 0 ? "other" : flags & FLAGS.exec ? "code" : "data";
    return {
      ...{ index, name, kind, align, bytes },
      isWritable: (flags & FLAGS.write) !== 0,
      isEmptyAtStart: type === NOBITS,
    };
  });
  const table = headers.find(({ type }) => type === SYMTAB);
  if (!table) throw new Error("The object has no symbol table");
  const symbols = readSymbols(table.bytes, headers[table.link]?.bytes ?? Buffer.alloc(1));
  const relocations = headers
    .filter(({ type }) => type === REL || type === RELA)
    .flatMap(({ type, info, bytes }) => readRelocations(bytes, type === RELA, info, symbols));
  return { sections, symbols, relocations };
}

function isBpfObject(file: Buffer): boolean {
  const [is64Bit, isLittleEndian] = [file[4] === 2, file[5] === 1];
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || !is64Bit || !isLittleEndian) return false;
  return file.readUInt16LE(16) === ET_REL && file.readUInt16LE(18) === EM_BPF;
}

function readHeaders(file: Buffer) {
  const [table, count, namesIndex] = [number(file, 40), file.readUInt16LE(60), file.readUInt16LE(62)];
  const headers = Array.from({ length: count }, (_, index) => {
    const header = file.subarray(table + index * 64, table + (index + 1) * 64);
    const [type, offset, size] = [header.readUInt32LE(4), number(header, 24), number(header, 32)];
    return {
      index,
      nameAt: header.readUInt32LE(0),
      type,
      flags: number(header, 8),
      link: header.readUInt32LE(40),
      info: header.readUInt32LE(44),
      align: Math.max(1, number(header, 48)),
      bytes: type === NOBITS ? Buffer.alloc(size) : file.subarray(offset, offset + size),
    };
  });
  const names = headers[namesIndex]?.bytes ?? Buffer.alloc(1);
  return headers.map((header) => ({ ...header, name: text(names, header.nameAt) }));
}

function readSymbols(table: Buffer, names: Buffer): SymbolEntry[] {
  return Array.from({ length: table.length / 24 }, (_, index) => {
    const entry = table.subarray(index * 24, (index + 1) * 24);
    const name = text(names, entry.readUInt32LE(0));
    return {
      name: ALIASES[name] ?? name,
      isSection: ((entry[4] ?? 0) & 15) === SECTION_SYMBOL,
      section: entry.readUInt16LE(6),
      value: number(entry, 8),
    };
  });
}

function readRelocations(
  table: Buffer,
  hasAddend: boolean,
  section: number,
  symbols: SymbolEntry[],
): Relocation[] {
  const size = hasAddend ? 24 : 16;
  return Array.from({ length: table.length / size }, (_, index) => {
    const entry = table.subarray(index * size, (index + 1) * size);
    const symbol = symbols[entry.readUInt32LE(12)];
    if (!symbol) throw new Error(`A relocation of section ${section} names no symbol`);
    const addend = hasAddend ? entry.readBigInt64LE(16) : 0n;
    return { section, offset: number(entry, 0), type: entry.readUInt32LE(8), symbol, addend };
  });
}

const number = (bytes: Buffer, at: number) => Number(bytes.readBigUInt64LE(at));
const text = (bytes: Buffer, at: number) => bytes.toString("utf8", at, bytes.indexOf(0, at));
