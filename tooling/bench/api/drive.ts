import { connect, type Socket } from "node:net";
import { clockUs, createTimes } from "./figures.ts";

export interface Driven {
  answers: number;
  errors: number;
  seconds: number;
  p50: number;
  p99: number;
}

/**
 * Sends requests over some connections, one at a time on each, for some time. A client of its own, because the usual ones need more of
 * the CPU than the servers that are measured.
 * @param next the bytes of the next request @param onBody is given the body of each 200, chunk marks and all
 */
export async function drive(options: {
  port: number;
  connections: number;
  seconds: number;
  next: () => Buffer;
  onBody?: (body: string) => void;
}): Promise<Driven> {
  const { port, connections, seconds, next, onBody } = options;
  const times = createTimes();
  const from = performance.now();
  const until = from + seconds * 1000;
  let answers = 0;
  let errors = 0;

  const line = () =>
    new Promise<void>((finished) => {
      const socket = connect(port, "127.0.0.1");
      let kept = "";
      let sentAt = 0;
      const send = () => {
        if (performance.now() >= until) return void socket.end();
        sentAt = clockUs();
        socket.write(next());
      };
      socket.setNoDelay(true).setEncoding("latin1");
      socket.once("connect", send);
      socket.on("data", (text: string) => {
        kept += text;
        const answer = wholeAnswer(kept);
        if (!answer) return;
        kept = "";
        times.add(clockUs() - sentAt);
        if (answer.status === 200) {
          answers++;
          onBody?.(answer.body);
        } else errors++;
        send();
      });
      socket.once("error", () => errors++);
      socket.once("close", () => finished());
    });
  await Promise.all(Array.from({ length: connections }, line));
  return {
    answers,
    errors,
    seconds: (performance.now() - from) / 1000,
    p50: times.at(0.5),
    p99: times.at(0.99),
  };
}

function wholeAnswer(text: string): { status: number; body: string } | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const body = text.slice(end + 4);
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  const whole = length === undefined ? body.endsWith("0\r\n\r\n") : body.length >= Number(length);
  return whole ? { status: Number(head.slice(9, 12)), body } : undefined;
}

/** The bytes of a request. */
export function requestBytes(method: string, path: string, headers: string[] = [], body = ""): Buffer {
  const about = body ? ["content-type: application/json", `content-length: ${Buffer.byteLength(body)}`] : [];
  return Buffer.from(
    [`${method} ${path} HTTP/1.1`, "host: bench", ...headers, ...about, "", body].join("\r\n"),
  );
}

/** Opens a stream and gives each piece of text that comes. Resolves once the first has come. */
export function openStream(request: Buffer, port: number, onText: (text: string) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    socket.setEncoding("latin1");
    socket.once("data", () => resolve(socket));
    socket.once("error", reject);
    socket.on("data", (text: string) => onText(text));
  });
}
