import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findTools } from "./tools.ts";

/** A file system with these programs in it. */
function machineWith({ rustc = "", library = "", tools = [] as string[] }): string {
  const root = mkdtempSync(join(tmpdir(), "kk-tools-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), 0o755);
  };
  if (rustc) put("usr/bin/rustc", `#!/bin/sh\necho "rustc ${rustc} (of a test)"\n`);
  if (library) put(`usr/src/rustc-${library}/library/core/src/lib.rs`, "");
  for (const tool of tools) put(`usr/bin/${tool}`, "#!/bin/sh\n");
  return `${root}/`;
}
const ALL = ["cargo", "llc-22", "llvm-ar-22"];

test("a machine with all of them has its compilers found", () => {
  const root = machineWith({ rustc: "1.96.0", library: "1.96.0", tools: ALL });
  expect(findTools(root)).toMatchObject({
    rustc: `${root}usr/bin/rustc`,
    llc: `${root}usr/bin/llc-22`,
    library: `${root}usr/src/rustc-1.96.0/library`,
  });
});

test.each([
  ["nothing", {}, "rustc-web, cargo-web, llvm-22, rust-web-src"],
  ["no linker of archives", { rustc: "1.96.0", library: "1.96.0", tools: ["cargo", "llc-22"] }, "llvm-22"],
  ["no sources", { rustc: "1.96.0", tools: ALL }, "rust-web-src"],
  ["the sources of another version", { rustc: "1.96.0", library: "1.95.0", tools: ALL }, "rust-web-src"],
  ["the Rust of Debian 12 itself", { rustc: "1.63.0", library: "1.63.0", tools: ALL }, "rustc-web"],
])("a machine with %s is told what to install", (_, machine, missing) => {
  const find = () => findTools(machineWith(machine));
  expect(find).toThrow(`not all here (${missing};`);
  expect(find).toThrow("apt-get install -y --no-install-recommends rustc-web cargo-web llvm-22 rust-web-src");
});
