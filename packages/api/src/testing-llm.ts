import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

/** What a model was asked. */
export interface Asked {
  headers: IncomingMessage["headers"];
  url: string;
  messages: { role: string; content: string }[];
}
export type Reply = (asked: Asked, response: ServerResponse) => void;

/** A text as it stands, or one that is made of many equal pieces. */
type Text = string | { before?: string; repeat: string; times: number; after?: string };
/** A reply in a row of corpus/llm-answers.json. */
export type ReplyRow =
  /** The text of a chat completion. `{key}`, `{system}` and `{question}` stand for what the model has seen. */
  | { content: Text }
  /** The whole body. */
  | { body: Text; status?: number; type?: string; headers?: Record<string, string> }
  | { does: keyof typeof MISDEEDS };

export interface LlmRow {
  id: string;
  what: string;
  /** In turn; the last one is given for ever. */
  replies: ReplyRow[];
  /** For the whole ranking; 20 000 where the row does not wait for it. */
  timeout_ms?: number;
  expect: {
    /** Ids in order; none: the ranking fails. */
    picks?: string[];
    /** Texts of the first pick. */
    first?: Partial<Record<"title" | "hook" | "reason", string>>;
    /** Words of the failure. */
    says?: string;
    /** How many requests the service sees. */
    asked?: number;
  };
}

export const LLM_ROWS: LlmRow[] = JSON.parse(
  readFileSync(new URL("../corpus/llm-answers.json", import.meta.url), "utf8"),
);

const written = (text: Text): string =>
  typeof text === "string"
    ? text
    : `${text.before ?? ""}${text.repeat.repeat(text.times)}${text.after ?? ""}`;

const JSON_TYPE = { "content-type": "application/json" };
const completion = (text: string, usage?: unknown) =>
  JSON.stringify({
    id: "1",
    model: "upstream",
    choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
    ...(usage !== undefined && { usage }),
  });

const MISDEEDS = {
  "says nothing": () => {},
  "hangs up": (_asked: Asked, response: ServerResponse) => void response.destroy(),
  "cuts its body": (_asked: Asked, response: ServerResponse) => {
    response.writeHead(200, { ...JSON_TYPE, "content-length": "1000" });
    response.write('{"choices":[', () => response.destroy());
  },
  "stops in its body": (_asked: Asked, response: ServerResponse) =>
    void response.writeHead(200, JSON_TYPE).write('{"choices":['),
  drips: (_asked: Asked, response: ServerResponse) => {
    response.writeHead(200, JSON_TYPE);
    const timer = setInterval(() => response.write(" "), 10);
    response.once("close", () => clearInterval(timer));
  },
  "never stops": (_asked: Asked, response: ServerResponse) => {
    response.writeHead(200, JSON_TYPE);
    const more = () => {
      while (!response.destroyed && response.write(" ".repeat(65_536)));
    };
    response.on("drain", () => setImmediate(more)).on("error", () => {});
    more();
  },
  "sends a gzip bomb": (_asked: Asked, response: ServerResponse) =>
    void response
      .writeHead(200, { ...JSON_TYPE, "content-encoding": "gzip" })
      .end(gzipSync(" ".repeat(50e6))),
  "is no web server": (_asked: Asked, { socket }: ServerResponse) => void socket?.end("SSH-2.0-x\r\n"),
  "sends 100 000 headers": (_asked: Asked, { socket }: ServerResponse) => {
    socket?.on("error", () => {});
    socket?.end(
      `HTTP/1.1 200 OK\r\n${Array.from({ length: 100_000 }, (_, n) => `x-${n}: y\r\n`).join("")}\r\n`,
    );
  },
} satisfies Record<string, Reply>;

/** An answer in the form of a chat completion; `usage` is what the service says that it took. */
export const says =
  (content: string | ((asked: Asked) => string), usage?: unknown): Reply =>
  (asked, response) => {
    response.setHeader("content-type", "application/json");
    response.end(completion(typeof content === "string" ? content : content(asked), usage));
  };

/** The lines that a translator is shown. */
export const linesShown = ({ messages }: Asked): { id: string; text: string }[] =>
  (messages.at(-1)?.content ?? "")
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));

export function replyOf(row: ReplyRow): Reply {
  if ("does" in row) return MISDEEDS[row.does];
  const filled = (text: Text, { headers, messages }: Asked) =>
    written(text)
      .replaceAll("{key}", `${headers.authorization}`.replace("Bearer ", ""))
      .replaceAll("{system}", JSON.stringify(messages[0]?.content ?? "").slice(1, -1))
      .replaceAll("{question}", JSON.stringify(messages.at(1)?.content ?? "").slice(1, -1));
  if ("content" in row) return says((asked) => filled(row.content, asked));
  return (asked, response) => {
    response.writeHead(row.status ?? 200, {
      "content-type": row.type ?? "application/json",
      ...row.headers,
    });
    response.end(filled(row.body, asked));
  };
}

/** An OpenAI-compatible service on this machine that gives the replies in turn, the last one for ever. */
export async function startLlmService(...replies: Reply[]) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { messages } = JSON.parse(Buffer.concat(chunks).toString()) as Pick<Asked, "messages">;
    const question: Asked = { headers: request.headers, url: request.url ?? "", messages };
    asked.push(question);
    replies[Math.min(asked.length, replies.length) - 1]?.(question, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    asked,
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
