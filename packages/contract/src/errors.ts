import { z } from "zod";

/**
 * Every expected failure has a code from this table; anything else is a bug and answers 500.
 * `status`: HTTP status where the code is an answer. `action`: what the person who reads it can do.
 * `retry`: whether another attempt of the same job may end better. `exit`: the worker's exit code (providers reference, section 6).
 */
export const ERRORS = {
  // answers of the API
  INVALID_INPUT: {
    status: 400,
    retry: false,
    exit: 64,
    action: "Correct the field that the message names and send it again.",
  },
  UNAUTHORIZED: {
    status: 401,
    retry: false,
    exit: 70,
    action: "Send the token that came with what you ask about.",
  },
  NOT_SIGNED_IN: { status: 401, retry: false, exit: 70, action: "Sign in with your wallet." },
  INSUFFICIENT_CREDITS: { status: 402, retry: false, exit: 70, action: "Top up credits and try again." },
  LOCKED: { status: 403, retry: false, exit: 70, action: "Unlock the clip first." },
  WALLET_MISMATCH: {
    status: 403,
    retry: false,
    exit: 70,
    action: "Sign in with the wallet that you ask about.",
  },
  NOT_FOUND: { status: 404, retry: false, exit: 66, action: "Check the id." },
  CONFLICT: { status: 409, retry: false, exit: 70, action: "Look at the job's state and try again later." },
  FENCED: {
    status: 409,
    retry: false,
    exit: 75,
    action: "Another attempt has taken over; this one must stop.",
  },
  GONE: { status: 410, retry: false, exit: 70, action: "Use the route that the message names." },
  TOO_LARGE: { status: 413, retry: false, exit: 64, action: "Send less." },
  UNPROCESSABLE: {
    status: 422,
    retry: false,
    exit: 64,
    action: "Use a new Idempotency-Key for a different request.",
  },
  RATE_LIMITED: { status: 429, retry: true, exit: 69, action: "Wait for as long as Retry-After says." },
  PROVIDER_UNAVAILABLE: {
    status: 502,
    retry: true,
    exit: 69,
    action: "Try again in a minute, or switch COMPUTE to another provider.",
  },
  OVER_BUDGET: {
    status: 402,
    retry: false,
    exit: 70,
    action:
      "Allow more (max_usd of the job, MAX_USD_PER_JOB or MAX_USD_PER_HOUR of the installation), or add a cheaper provider to COMPUTE.",
  },
  CREDITS_OFF: {
    status: 503,
    retry: false,
    exit: 70,
    action: "This installation runs without credits; every clip is unlocked.",
  },
  UNAVAILABLE: { status: 503, retry: true, exit: 69, action: "Try again in a minute." },

  // money on the chain
  CHARGE_FAILED: {
    status: 502,
    retry: true,
    exit: 69,
    action: "Try again: a charge that went through after all is found and counts once.",
  },
  UNLOCK_UNFINISHED: {
    status: 502,
    retry: true,
    exit: 69,
    action: "Try again: the credit was taken once, and the clip opens without another.",
  },
  CREDITS_PAUSED: {
    status: 503,
    retry: true,
    exit: 69,
    action: "Try again later: the operator has paused top-ups. Credits that you have stay good.",
  },
  TRANSACTION_NOT_FOUND: {
    status: 404,
    retry: true,
    exit: 69,
    action: "Ask again in a few seconds: the network may not have confirmed it yet.",
  },
  TRANSACTION_EXPIRED: {
    status: 404,
    retry: false,
    exit: 70,
    action: "Start the top-up again: the transaction was not sent in time, and nothing was paid.",
  },
  TRANSACTION_FAILED: {
    status: 400,
    retry: false,
    exit: 70,
    action:
      "Nothing was paid. Check that the wallet holds enough USDC and some SOL, then start the top-up again.",
  },
  NO_FAUCET: {
    status: 404,
    retry: false,
    exit: 70,
    action: "Only a localnet gives test tokens away. Use your own, or the faucet of the chain.",
  },

  // the source
  SOURCE_REFUSED: {
    status: 400,
    retry: false,
    exit: 65,
    action: "Give a public http or https address. For a server of your own, start with --allow-private.",
  },
  SOURCE_UNREACHABLE: {
    status: 502,
    retry: true,
    exit: 69,
    action: "Check that the address opens in a browser, then retry.",
  },
  SOURCE_BLOCKED: {
    status: 502,
    retry: false,
    exit: 66,
    action: "The site refuses automated downloads. Download the video yourself and upload the file.",
  },
  SOURCE_NOT_FOUND: {
    status: 404,
    retry: false,
    exit: 66,
    action: "Check the address: the site says there is no such video.",
  },
  SOURCE_UNSUPPORTED: {
    status: 400,
    retry: false,
    exit: 65,
    action: "Give the address of a video file or of a page that yt-dlp knows, or upload the file.",
  },
  YTDLP_MISSING: {
    status: 400,
    retry: false,
    exit: 65,
    action:
      "Install yt-dlp (python3 -m pip install -U yt-dlp) so that page addresses work, or give the address of a video file, or upload the file.",
  },
  SOURCE_UNREADABLE: {
    status: 400,
    retry: false,
    exit: 65,
    action: "The file is not a video that can be read. Re-export it as MP4 and try again.",
  },
  SOURCE_TRUNCATED: {
    status: 400,
    retry: false,
    exit: 65,
    action: "The file ends before it should. Download or export it again.",
  },
  SOURCE_TOO_SHORT: {
    status: 400,
    retry: false,
    exit: 65,
    action: "Choose a shorter clip length or a longer video.",
  },
  SOURCE_TOO_LONG: {
    status: 400,
    retry: false,
    exit: 66,
    action: "Choose a shorter video or raise MAX_SOURCE_SECONDS.",
  },
  SOURCE_TOO_LARGE: {
    status: 413,
    retry: false,
    exit: 66,
    action: "Choose a smaller file or raise MAX_SOURCE_BYTES.",
  },
  SOURCE_LIVE: {
    status: 400,
    retry: false,
    exit: 65,
    action: "Wait until the live stream has ended and give its recording.",
  },
  NO_VIDEO: {
    status: 400,
    retry: false,
    exit: 65,
    action: "The file holds sound only. Give a file with a picture.",
  },

  // the worker and its machine
  FFMPEG_MISSING: {
    status: 503,
    retry: false,
    exit: 70,
    action:
      "Install ffmpeg 5.1 or newer with libass and libx264 (Debian: apt-get install -y ffmpeg), or set FFMPEG_PATH.",
  },
  MODEL_MISSING: {
    status: 503,
    retry: false,
    exit: 70,
    action: "Set MODEL_PATH to a whisper.cpp model file.",
  },
  RENDER_FAILED: {
    status: 500,
    retry: true,
    exit: 70,
    action: "Retry the job; if it fails again, report it with the job id.",
  },
  UPLOAD_FAILED: { status: 502, retry: true, exit: 74, action: "Retry the job." },
  STORAGE_DENIED: {
    status: 503,
    retry: false,
    exit: 74,
    action:
      "Check that the bucket exists and that its keys may read, write, list and delete (R2_BUCKET, R2_ACCESS_KEY_ID), then retry.",
  },
  DISK_FULL: { status: 507, retry: true, exit: 74, action: "Free some disk space and retry." },
  WORK_DIR_UNUSABLE: {
    status: 507,
    retry: true,
    exit: 73,
    action:
      "Let the worker write into the folder that the message names, or set DATA_DIR to another one, then retry.",
  },
  OUT_OF_MEMORY: { status: 507, retry: true, exit: 70, action: "Give the worker more memory and retry." },
  GPU_UNAVAILABLE: { status: 503, retry: true, exit: 71, action: "Retry; another machine is tried." },
  TIMED_OUT: {
    status: 504,
    retry: true,
    exit: 124,
    action: "Retry; if it happens again, choose a shorter video.",
  },
  WORKER_LOST: {
    status: 502,
    retry: true,
    exit: 70,
    action: "Retry; the machine that ran the job went silent.",
  },
  CANCELLED: {
    status: 409,
    retry: false,
    exit: 130,
    action: "Start the job again if you want its clips after all.",
  },
  INTERNAL: {
    status: 500,
    retry: true,
    exit: 70,
    action: "Retry; if it fails again, report it with the job id.",
  },
} as const satisfies Record<string, { status: number; retry: boolean; exit: number; action: string }>;

export type ErrorCode = keyof typeof ERRORS;
export const ErrorCode = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);

/** An expected failure: a code of the table and one sentence for the person who must act. */
export class KangKlipError extends Error {
  override readonly name = "KangKlipError";
  readonly code: ErrorCode; // no parameter properties: Node strips types, it does not transform
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
  get httpStatus(): number {
    return ERRORS[this.code].status;
  }
  get action(): string {
    return ERRORS[this.code].action;
  }
  get retryable(): boolean {
    return ERRORS[this.code].retry;
  }
  get exitCode(): number {
    return ERRORS[this.code].exit;
  }
}

/** RFC 9457 members beside the documented `detail`. */
export const Problem = z.object({
  detail: z.string(),
  code: ErrorCode.optional(),
  type: z.string().optional(),
  title: z.string().optional(),
  status: z.int().optional(),
  action: z.string().optional(),
  retryable: z.boolean().optional(),
});
export type Problem = z.infer<typeof Problem>;
