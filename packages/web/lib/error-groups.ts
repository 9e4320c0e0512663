import { ERRORS, ErrorCode } from "@kangklip/contract";

const ERROR_GROUPS = ["request", "money", "source", "machine"] as const;
type ErrorGroup = (typeof ERROR_GROUPS)[number];

const MONEY = /CREDITS|CHARGE|UNLOCK|TRANSACTION|FAUCET|WALLET|LOCKED/;
const SOURCE = /^SOURCE_|^NO_VIDEO$|^YTDLP/;
const MACHINE =
  /FFMPEG|MODEL|RENDER|UPLOAD_|STORAGE|DISK|WORK_DIR|MEMORY|GPU|TIMED_OUT|WORKER|FENCED|PROVIDER|OVER_BUDGET/;

/** What a code is about. Pure. */
export const errorGroup = (code: ErrorCode): ErrorGroup =>
  SOURCE.test(code) ? "source" : MONEY.test(code) ? "money" : MACHINE.test(code) ? "machine" : "request";

/** The code that an address names, however it is written ("source-blocked", "SOURCE_BLOCKED"); null where there is none. Pure. */
export function errorCodeOf(text: string): ErrorCode | null {
  const code = text.toUpperCase().replace(/[-\s]/g, "_");
  return Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : null;
}

/** All codes by what they are about, each group in the table's order. Pure. */
export const codesByGroup = (): [ErrorGroup, ErrorCode[]][] =>
  ERROR_GROUPS.map((group) => [group, ErrorCode.options.filter((code) => errorGroup(code) === group)]);
