export type { Faults } from "./faults.ts";
export { GENESIS_HASH } from "./genesis.ts";
export {
  type Localnet,
  type LocalnetLine,
  type LocalnetOptions,
  type LocalnetProgram,
  startLocalnet,
} from "./localnet.ts";
export { SnapshotError } from "./snapshot.ts";
