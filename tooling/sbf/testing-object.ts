/** Writes relocatable objects for BPF by hand, as LLVM would: for tests of the linker. */

const [PROGBITS, SYMTAB, STRTAB, RELA, NOBITS, REL] = [1, 2, 3, 4, 8, 9];
export const R = { lddw: 1, abs64: 2, abs32: 3, nodyld32: 4, call: 10 };
export const CODE = 6;
export const RODATA = 2;
export const DATA = 3;

export interface TestSection {
  name: string;
  bytes: Buffer;
  /** ELF's: write 1, alloc 2, exec 4. */
  flags?: number;
  isBss?: boolean;
  align?: number;
}
export interface TestSymbol {
  name: string;
  /** Name of the section that defines it; none: undefined. */
  section?: string;
  value?: number;
  isSection?: boolean;
}
export interface TestRelocation {
  section: string;
  offset: number;
  type: number;
  symbol: string;
  addend?: bigint;
}
export interface TestObject {
  sections: TestSection[];
  symbols?: TestSymbol[];
  relocations?: TestRelocation[];
  machine?: number;
}

/** Instructions of the machine, eight bytes each. */
export const op = {
  mov: (register: number, value: number) => instruction(0xb7, register, value),
  load64: (register: number, from: number) => instruction(0x79, register | (from << 4), 0),
  call: (immediate = -1) => instruction(0x85, 0x10, immediate),
  lddw: (register: number, value = 0n) =>
    Buffer.concat([
      instruction(0x18, register, Number(BigInt.asIntN(32, value))),
      instruction(0, 0, Number(BigInt.asIntN(32, value >> 32n))),
    ]),
  exit: () => instruction(0x95, 0, 0),
};

function instruction(code: number, registers: number, immediate: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes[0] = code;
  bytes[1] = registers;
  bytes.writeInt32LE(immediate, 4);
  return bytes;
}

export function testObject({ sections, symbols = [], relocations = [], machine = 247 }: TestObject): Buffer {
  const indexOf = (name: string | undefined) => sections.findIndex((each) => each.name === name) + 1;
  const names = symbols.map(({ name }) => name);
  const strings = table(["", ...names]);
  const symbolBytes = Buffer.alloc(24 * (symbols.length + 1));
  for (const [index, { section, value = 0, isSection = false }] of symbols.entries()) {
    const at = 24 * (index + 1);
    symbolBytes.writeUInt32LE(strings.offsets[index + 1] ?? 0, at);
    symbolBytes[at + 4] = isSection ? 3 : 0x12;
    symbolBytes.writeUInt16LE(indexOf(section), at + 6);
    symbolBytes.writeBigUInt64LE(BigInt(value), at + 8);
  }
  const own = sections.map(({ name, bytes, flags = RODATA, isBss = false, align = 1 }) => ({
    ...{ name, bytes, flags, type: isBss ? NOBITS : PROGBITS, align, link: 0, info: 0 },
  }));
  const symtabIndex = own.length + 1;
  const plain = { flags: 0, align: 1, info: 0 };
  const all = [
    { name: "", bytes: Buffer.alloc(0), type: 0, link: 0, ...plain },
    ...own,
    { name: ".symtab", bytes: symbolBytes, type: SYMTAB, link: symtabIndex + 1, ...plain },
    { name: ".strtab", bytes: strings.bytes, type: STRTAB, link: 0, ...plain },
    ...relocations.map((relocation) => ({
      ...{ name: `.rel${relocation.section}`, ...plain, link: symtabIndex },
      ...{ info: indexOf(relocation.section), type: relocation.addend === undefined ? REL : RELA },
      bytes: relocationBytes(relocation, names.indexOf(relocation.symbol) + 1),
    })),
  ];
  const sectionNames = table([...all.map(({ name }) => name), ".shstrtab"]);
  all.push({ name: ".shstrtab", bytes: sectionNames.bytes, type: STRTAB, link: 0, ...plain });

  let at = 64;
  const headers = all.map(({ bytes, type, flags, align, link, info }, index) => {
    const header = Buffer.alloc(64);
    header.writeUInt32LE(sectionNames.offsets[index] ?? 0, 0);
    header.writeUInt32LE(type, 4);
    for (const [place, value] of [flags, 0, at, bytes.length].entries()) {
      header.writeBigUInt64LE(BigInt(value), 8 + 8 * place);
    }
    header.writeUInt32LE(link, 40);
    header.writeUInt32LE(info, 44);
    header.writeBigUInt64LE(BigInt(align), 48);
    if (type !== NOBITS) at += bytes.length;
    return header;
  });
  const file = Buffer.alloc(64);
  file.write("\x7fELF\x02\x01\x01", "latin1");
  file.writeUInt16LE(1, 16);
  file.writeUInt16LE(machine, 18);
  file.writeBigUInt64LE(BigInt(at), 40);
  file.writeUInt16LE(all.length, 60);
  file.writeUInt16LE(all.length - 1, 62);
  const contents = all.filter(({ type }) => type !== NOBITS).map(({ bytes }) => bytes);
  return Buffer.concat([file, ...contents, ...headers]);
}

function relocationBytes({ offset, type, addend }: TestRelocation, symbol: number): Buffer {
  const bytes = Buffer.alloc(addend === undefined ? 16 : 24);
  bytes.writeBigUInt64LE(BigInt(offset), 0);
  bytes.writeUInt32LE(type, 8);
  bytes.writeUInt32LE(symbol, 12);
  if (addend !== undefined) bytes.writeBigInt64LE(addend, 16);
  return bytes;
}

function table(texts: string[]) {
  const offsets: number[] = [];
  let bytes = "";
  for (const text of texts) {
    offsets.push(bytes.length);
    bytes += `${text}\0`;
  }
  return { bytes: Buffer.from(bytes), offsets };
}
