import { type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Names under which a secret could be logged by mistake, at any depth that our log lines have. */
const SECRETS = [
  "token",
  "job_token",
  "attempt_token",
  "claim_token",
  "secret",
  "apiKey",
  "authorization",
  "KK_CLAIM_TOKEN",
];

/** JSON lines on stderr: stdout belongs to the line that says where the API listens. */
export function createLog(level: string): Logger {
  const paths = SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  return pino(
    {
      level,
      base: {},
      redact: {
        paths: [...paths, 'headers["x-job-token"]', 'headers["x-auth-token"]', "headers.cookie"],
        censor: "[secret]",
      },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}

/** A path without its query: signed links carry their signature there. */
export const loggedPath = (url: string) => url.split("?", 1)[0] ?? "";
