import { ERRORS, type ErrorCode } from "@kangklip/contract";

/** What the exit code says to scripts (README, "In the terminal"). */
export const EXIT = {
  ok: 0,
  jobFailed: 1,
  usage: 2,
  source: 3,
  unavailable: 4,
  credits: 5,
  service: 69,
  config: 78,
  interrupted: 130,
} as const;
export type Exit = (typeof EXIT)[keyof typeof EXIT];

/** An end that the person at the terminal can do something about: an exit code and a sentence. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exit: Exit;
  constructor(exit: Exit, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exit = exit;
  }
}

const CREDITS: ErrorCode[] = [
  ...(["UNAUTHORIZED", "INSUFFICIENT_CREDITS", "LOCKED", "CREDITS_OFF", "OVER_BUDGET"] as const),
  ...(["NOT_SIGNED_IN", "WALLET_MISMATCH", "CREDITS_PAUSED", "NO_FAUCET"] as const),
  ...(["TRANSACTION_EXPIRED", "TRANSACTION_FAILED"] as const),
];
const LACKING: ErrorCode[] = [
  "FFMPEG_MISSING",
  "MODEL_MISSING",
  "DISK_FULL",
  "WORK_DIR_UNUSABLE",
  "STORAGE_DENIED",
];
const AWAY: ErrorCode[] = [
  "PROVIDER_UNAVAILABLE",
  "UNAVAILABLE",
  "WORKER_LOST",
  "GPU_UNAVAILABLE",
  "RATE_LIMITED",
  "CHARGE_FAILED",
  "UNLOCK_UNFINISHED",
  "TRANSACTION_NOT_FOUND",
];

/** The exit code for a job or a request that ended with this code of the error table. */
export function exitFor(code: string | null | undefined): Exit {
  if (!code || !(code in ERRORS)) return EXIT.jobFailed;
  const known = code as ErrorCode;
  if (known === "CANCELLED") return EXIT.interrupted;
  if (known === "INVALID_INPUT" || known === "NOT_FOUND" || known === "CONFLICT") return EXIT.usage;
  if (known.startsWith("SOURCE_") || known === "NO_VIDEO" || known === "YTDLP_MISSING") return EXIT.source;
  if (CREDITS.includes(known)) return EXIT.credits;
  if (LACKING.includes(known)) return EXIT.config;
  if (AWAY.includes(known)) return EXIT.unavailable;
  return EXIT.jobFailed;
}
