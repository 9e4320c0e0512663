// The localnet as a program of its own, for `kangklip localnet` and the demo. Standard input begins with a line of JSON, what LocalnetProgram
// says, and the program ends with it. On standard output there is one line of JSON: where it listens, or why it does not.
import { once } from "node:events";
import { createInterface } from "node:readline";
import {
  type Localnet,
  type LocalnetLine,
  type LocalnetProgram,
  SnapshotError,
  startLocalnet,
} from "./index.ts";

const say = (line: LocalnetLine) => process.stdout.write(`${JSON.stringify(line)}\n`);
const input = createInterface({ input: process.stdin });
const [first] = await once(input, "line");
const { port, file }: LocalnetProgram = JSON.parse(first);

let net: Localnet;
try {
  net = await startLocalnet({ port, file, onError: (error) => console.error(error) });
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException;
  const taken = code === "EADDRINUSE";
  say({ failed: error instanceof SnapshotError ? "snapshot" : taken ? "taken" : "machine", why: message });
  process.exit(1);
}
const end = async () => {
  await net.stop();
  process.exit();
};
input.once("close", end);
process.once("SIGTERM", end);
say({ url: net.url, wsUrl: net.wsUrl, settings: net.settings });
