/** By its code: what happened, why it may have, and what to do. The codes are those of the contract's error table. */
export const errors = {
  INVALID_INPUT: {
    title: "Something in the request is not as it must be",
    cause: "A field is missing, is outside what is allowed, or is written in a way that cannot be read.",
    action: "Correct the field that the message names and send it again.",
  },
  UNAUTHORIZED: {
    title: "This browser holds no token for the job",
    cause:
      "Each job has a token that only the browser which started it was given. It is missing here, or it is another job's.",
    action: "Open the job in the browser that started it, or paste the token that came with it.",
  },
  NOT_SIGNED_IN: {
    title: "You are not signed in",
    cause:
      "This belongs to a wallet, and no wallet is signed in on this page. A sign-in ends when the page is closed.",
    action: "Sign in with your wallet.",
  },
  INSUFFICIENT_CREDITS: {
    title: "There are not enough credits",
    cause: "What you asked for costs more credits than the wallet has.",
    action: "Top up credits and try again.",
  },
  LOCKED: {
    title: "The clip is locked",
    cause: "On this installation a clip is opened with a credit, and nobody has opened this one.",
    action: "Unlock the clip first.",
  },
  WALLET_MISMATCH: {
    title: "Another wallet is signed in",
    cause: "You asked about one wallet while you are signed in with another.",
    action: "Sign in with the wallet that you ask about.",
  },
  NOT_FOUND: {
    title: "There is no such thing here",
    cause: "The address was cut short, or what it led to has been removed since.",
    action: "Check that the address or the id was copied whole.",
  },
  CONFLICT: {
    title: "That does not fit the job's state",
    cause: "Something else happened to the job in the meantime, perhaps in another tab.",
    action: "Look at the job's state and try again later.",
  },
  FENCED: {
    title: "Another attempt has taken over",
    cause: "A machine that was thought lost came back after the job had been given to another.",
    action: "Nothing: the newer attempt goes on and this one stops.",
  },
  GONE: {
    title: "This address is no longer in use",
    cause: "A program asked in a way that an older version of KangKlip understood.",
    action: "Use the route that the message names.",
  },
  TOO_LARGE: {
    title: "That is too much at once",
    cause: "The request is larger than this installation takes.",
    action: "Send less.",
  },
  UNPROCESSABLE: {
    title: "The same key came with a different request",
    cause: "A program used an Idempotency-Key again for something else.",
    action: "Use a new Idempotency-Key for a different request.",
  },
  RATE_LIMITED: {
    title: "Too many requests in a short time",
    cause: "This browser, or others at the same address, asked more often than is allowed here.",
    action: "Wait a minute, then try again. Programs: wait for as long as Retry-After says.",
  },
  PROVIDER_UNAVAILABLE: {
    title: "No machine would take the job",
    cause: "The place that runs the jobs is away, full, or refuses its key.",
    action: "Try again in a minute, or switch COMPUTE to another provider.",
  },
  OVER_BUDGET: {
    title: "It would cost more than is allowed",
    cause: "Every machine that could run the job costs more than the job's or the installation's limit.",
    action:
      "Allow more (max_usd of the job, MAX_USD_PER_JOB or MAX_USD_PER_HOUR of the installation), or add a cheaper provider to COMPUTE.",
  },
  CREDITS_OFF: {
    title: "There are no credits here",
    cause: "This installation runs without credits.",
    action: "Nothing to pay: every clip is unlocked.",
  },
  UNAVAILABLE: {
    title: "Something behind the service is away",
    cause: "The store of jobs, the store of files or the connection does not answer just now.",
    action: "Try again in a minute.",
  },
  CHARGE_FAILED: {
    title: "The charge did not go through",
    cause: "The payment network did not answer in time or refused.",
    action: "Try again: a charge that went through after all is found and counts once.",
  },
  UNLOCK_UNFINISHED: {
    title: "The clip was paid for but is not open yet",
    cause: "The credit was taken, and then the connection to the job broke.",
    action: "Try again: the credit was taken once, and the clip opens without another.",
  },
  CREDITS_PAUSED: {
    title: "Top-ups are paused",
    cause: "The operator of this installation has paused them.",
    action: "Try again later. Credits that you have stay good.",
  },
  TRANSACTION_NOT_FOUND: {
    title: "The payment is not seen yet",
    cause: "The network may not have confirmed the transaction yet.",
    action: "Ask again in a few seconds.",
  },
  TRANSACTION_EXPIRED: {
    title: "The payment was not sent in time",
    cause: "A transaction is good for about a minute; the wallet sent it later or not at all.",
    action: "Start the top-up again. Nothing was paid.",
  },
  TRANSACTION_FAILED: {
    title: "The payment failed on the chain",
    cause: "Mostly the wallet holds too little USDC, or no SOL for the network's fee.",
    action:
      "Nothing was paid. Check that the wallet holds enough USDC and some SOL, then start the top-up again.",
  },
  NO_FAUCET: {
    title: "This chain gives no test tokens away",
    cause: "Only a localnet has a faucet of its own.",
    action: "Use tokens of your own, or the faucet of the chain.",
  },
  SOURCE_REFUSED: {
    title: "The address was refused",
    cause:
      "It leads to a private network, or it is neither http nor https. KangKlip fetches public addresses only.",
    action: "Give a public http or https address. For a server of your own, start with --allow-private.",
  },
  SOURCE_UNREACHABLE: {
    title: "The address does not answer",
    cause: "The server is away, its name is not known, or it broke off on the way.",
    action: "Check that the address opens in a browser, then try again.",
  },
  SOURCE_BLOCKED: {
    title: "The site refuses automated downloads",
    cause: "It wants a person to sign in or to show that they are no program.",
    action: "Download the video yourself and give the file.",
  },
  SOURCE_NOT_FOUND: {
    title: "There is no video at the address",
    cause: "It was removed, is private, or the address was cut short.",
    action: "Check the address: the site says there is no such video.",
  },
  SOURCE_UNSUPPORTED: {
    title: "This kind of address cannot be read",
    cause: "It leads to no video file, no stream, and no page of a site that is known here.",
    action: "Give the address of a video file or of a page that yt-dlp knows, or give the file.",
  },
  YTDLP_MISSING: {
    title: "Addresses of pages do not work here yet",
    cause: "yt-dlp, the program that finds the video on a page, is not installed on this machine.",
    action:
      "Install yt-dlp (python3 -m pip install -U yt-dlp) so that page addresses work, or give the address of a video file, or give the file.",
  },
  SOURCE_UNREADABLE: {
    title: "The file cannot be read as a video",
    cause: "It is damaged, encrypted or another kind of file.",
    action: "Export it again as MP4 and try again.",
  },
  SOURCE_TRUNCATED: {
    title: "The file ends before it should",
    cause: "A download or an export was cut off.",
    action: "Download or export it again.",
  },
  SOURCE_TOO_SHORT: {
    title: "The video is too short for such clips",
    cause: "A clip cannot be longer than what it is cut from.",
    action: "Choose a shorter clip length or a longer video.",
  },
  SOURCE_TOO_LONG: {
    title: "The video is too long",
    cause: "This installation takes videos up to a limit.",
    action: "Choose a shorter video or raise MAX_SOURCE_SECONDS.",
  },
  SOURCE_TOO_LARGE: {
    title: "The file is too large",
    cause: "This installation takes files up to a limit.",
    action: "Choose a smaller file or raise MAX_SOURCE_BYTES.",
  },
  SOURCE_LIVE: {
    title: "The stream is still live",
    cause: "Clips are chosen from the whole recording, and this one has no end yet.",
    action: "Wait until the live stream has ended and give its recording.",
  },
  NO_VIDEO: {
    title: "There is no picture in it",
    cause: "The file or the stream holds sound only.",
    action: "Give a file with a picture.",
  },
  FFMPEG_MISSING: {
    title: "ffmpeg is missing",
    cause: "The machine that makes the clips has no ffmpeg, or one without the parts that are needed.",
    action:
      "Install ffmpeg 5.1 or newer with libass and libx264 (Debian: apt-get install -y ffmpeg), or set FFMPEG_PATH.",
  },
  MODEL_MISSING: {
    title: "The speech model is missing",
    cause: "The file that speech recognition needs is not where it should be.",
    action: "Set MODEL_PATH to a whisper.cpp model file.",
  },
  RENDER_FAILED: {
    title: "A clip could not be rendered",
    cause: "ffmpeg stopped with an error on this video.",
    action: "Start the job again; if it fails again, report it with the job id.",
  },
  UPLOAD_FAILED: {
    title: "The clips could not be stored",
    cause: "The connection to the store of files broke while they were sent.",
    action: "Start the job again.",
  },
  STORAGE_DENIED: {
    title: "The store of files refuses",
    cause: "The bucket does not exist, or its keys do not allow what is needed.",
    action:
      "Check that the bucket exists and that its keys may read, write, list and delete (R2_BUCKET, R2_ACCESS_KEY_ID), then try again.",
  },
  DISK_FULL: {
    title: "The disk is full",
    cause: "The machine that makes the clips has no room left.",
    action: "Free some disk space and try again.",
  },
  WORK_DIR_UNUSABLE: {
    title: "The work folder cannot be used",
    cause: "The worker may not write into it, or it is not there.",
    action:
      "Let the worker write into the folder that the message names, or set DATA_DIR to another one, then try again.",
  },
  OUT_OF_MEMORY: {
    title: "The memory ran out",
    cause: "The machine has less memory than this video or this model needs.",
    action: "Give the worker more memory and try again.",
  },
  GPU_UNAVAILABLE: {
    title: "The machine's GPU cannot be used",
    cause: "It is missing, busy, or its driver does not fit.",
    action: "Start the job again; another machine is tried.",
  },
  TIMED_OUT: {
    title: "It took too long",
    cause: "The job did not end within the time that it is allowed.",
    action: "Start it again; if it happens again, choose a shorter video.",
  },
  WORKER_LOST: {
    title: "The machine went silent",
    cause: "The machine that ran the job stopped answering: it was switched off, restarted or cut off.",
    action: "Start the job again.",
  },
  CANCELLED: {
    title: "It was cancelled",
    cause: "Somebody who holds the job's token cancelled it.",
    action: "Start the job again if you want its clips after all.",
  },
  INTERNAL: {
    title: "Something went wrong that should not have",
    cause: "This is a fault in KangKlip, not in what you did.",
    action: "Try again; if it fails again, report it with the job id.",
  },
  /** What has no code: the API had no part in it. */
  unreachable: {
    title: "KangKlip does not answer",
    cause: "It is not running, or this device is not connected.",
    action: "Check that it is still running and that this device is connected, then try again.",
  },
  wallet: {
    rejected: {
      title: "You said no in {name}",
      action: "Nothing was signed and nothing was paid. Try again whenever you like.",
    },
    wrongNetwork: {
      title: "{name} is on another network",
      action: "Switch the network in the wallet's settings, or choose another wallet.",
    },
    unable: {
      title: "{name} cannot sign what is needed here",
      action:
        "A hardware account may not be able to sign messages. Choose another account or another wallet.",
    },
    noAccount: {
      title: "{name} gave no account",
      action: "Unlock the wallet, allow an account for this page, and try again.",
    },
    noKeys: {
      title: "{name} does not work in this browser",
      action: "Open this page over https or on the machine it runs on, in a browser of these days.",
    },
    changed: {
      title: "The account in {name} is another one now",
      action: "Sign in with the account that is to pay, and start again. Nothing was paid.",
    },
    failed: {
      title: "{name} did not do it",
      action: "Open the wallet, see whether it waits for something, and try again. Nothing was paid.",
    },
  },
  card: {
    code: "Code",
    retry: "Try again",
    copy: "Copy diagnostics",
    copied: "Copied",
    copiedSpoken: "Diagnostics are copied",
    copyFailed: "The browser did not let the page copy. Select the text and copy it yourself.",
    diagnostics: "Diagnostics",
    about: "What this code means",
  },
  page: {
    heading: "Error codes",
    lead: "Every failure that KangKlip foresees has a code. It is the same in the page, on the command line and in the API.",
    what: "What happened",
    why: "Why it may have",
    todo: "What to do",
    retryTitle: "Does trying again help?",
    retryYes: "It may: the same request can end better the next time.",
    retryNo: "No, not before something is changed.",
    status: "HTTP status",
    exit: "Worker exit code",
    all: "All error codes",
    unknown: "There is no error code like this",
    unknownLead:
      "KangKlip knows no code of this name. Perhaps it was cut short on the way, or comes from another version. These are all that there are:",
    group: {
      request: "The request",
      money: "Credits and payments",
      source: "The video",
      machine: "The machine that makes the clips",
    },
  },
};
