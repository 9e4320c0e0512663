import { writeV0, writeV3 } from "./elf.ts";
import { makeImage, type SbpfVersion } from "./image.ts";
import { readObject } from "./object.ts";

export interface Linked {
  bytes: Buffer;
  codeBytes: number;
  dataBytes: number;
  /** Names of the syscalls that the program makes. */
  syscalls: string[];
}

/**
 * Turns one relocatable BPF object of upstream LLVM into a program that Solana's loader takes. Debian's lld knows no BPF, and
 * Solana's own toolchain is no package anywhere, hence this.
 * @throws Error where the object is none, has a writable section, names what nobody defines, or lacks the entry function
 */
export function link(
  object: Buffer,
  { version = 3, entry = "entrypoint" }: { version?: SbpfVersion; entry?: string } = {},
): Linked {
  const image = makeImage(readObject(object), version, entry);
  return {
    bytes: version === 3 ? writeV3(image) : writeV0(image),
    codeBytes: image.code.length,
    dataBytes: image.data.length,
    syscalls: image.syscalls,
  };
}
