import { type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Names under which a secret could be logged by mistake, at any depth that our log lines have. */
const SECRETS = [
  ...["token", "job_token", "attempt_token", "claim_token", "callback_token", "auth_token", "operatorToken"],
  ...["upload_token", "x-upload-token"],
  ...["secret", "secretAccessKey", "password", "apiKey", "authorization", "cookie", "signature"],
  ...["secretKey", "spenderKey", "spender", "signed_message", "_keypair", "rpcUrls"],
  ...["KK_CLAIM_TOKEN", "LLM_API_KEY", "R2_SECRET_ACCESS_KEY", "REDIS_URL"],
  ...["SPENDER_KEYPAIR", "SOLANA_RPC_URL"],
  ...["x-job-token", "x-auth-token", "x-attempt-token", "x-callback-token", "x-operator-token"],
];
/** What other people's errors carry about: a command with all its arguments, AUTH among them; a body; a request with its headers. */
const CARRIED = ["err.command", "err.body", "err.request", "err.response", "err.config", "err.options"];
const CENSOR = "[secret]";

/** Tokens of ours, also behind a quotation mark in an address ("%22"); ids are kk_… and launches kk-… */
const OWN_TOKEN = /(?:\b|(?<=%[0-9A-Fa-f]{2}))kk[a-z]_[\w.-]{20,}/g;

/** Secrets by their looks, wherever they stand: in the message of an error, in an address. */
const LOOKS: [RegExp, string][] = [
  [OWN_TOKEN, CENSOR],
  [/(signature|X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token)=[^&"\s\\]+/gi, `$1=${CENSOR}`],
  [/\b(\w+:\/\/)[^/@"\s\\]+@/g, `$1${CENSOR}@`], // who is logged in where
  [/\b(api[-_]?key|access[-_]?token)=[^&"\s\\]+/gi, `$1=${CENSOR}`], // of an RPC's address
  [/\[\s*(\d{1,3}\s*,\s*){31,}\d{1,3}\s*\]|\{("\d+":\d{1,3},){31,}"\d+":\d{1,3}\}/g, CENSOR], // a key as bytes
  [/\b(Bearer|Basic) +[\w.~+/=-]{8,}/gi, `$1 ${CENSOR}`],
];

/** A line without what looks like a secret. Pure. */
export const scrubbed = (line: string) =>
  LOOKS.reduce((text, [look, instead]) => text.replace(look, instead), line);

/** JSON lines on stderr: stdout belongs to the line that says where the API listens. */
export function createLog(level: string): Logger {
  const names = SECRETS.map((name) => (/^\w+$/.test(name) ? `.${name}` : `["${name}"]`));
  const paths = names.flatMap((name) => [name.replace(/^\./, ""), `*${name}`, `*.*${name}`]);
  return pino(
    {
      level,
      base: {},
      redact: { paths: [...paths, ...CARRIED], censor: CENSOR },
      hooks: { streamWrite: scrubbed },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}

/** A path without its query, where signed links carry their signature, and without the token of a link to clips. */
export const loggedPath = (url: string) => (url.split("?", 1)[0] ?? "").replace(OWN_TOKEN, CENSOR);
