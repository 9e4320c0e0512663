import { channel } from "node:diagnostics_channel";
import { connect } from "node:net";

export interface RawAnswer {
  /** Undefined where the connection was closed without an answer. */
  status: number | undefined;
  /** In lower case; several of one name with commas between them. */
  headers: Record<string, string>;
  /** Parsed where it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  body: any;
  timedOut: boolean;
}

const TIMEOUT_MS = 15_000;
const IDLE_MS = 200;

/**
 * Sends bytes as they are, which no HTTP client does, and reads until the other side closes. Ask for `Connection: close`, or say
 * `idle`: then a silence behind the answer's first bytes ends it too. `cut` sends the bytes and nothing more.
 */
export function exchange(
  url: string,
  bytes: Buffer,
  { cut = false, idle = false }: { cut?: boolean; idle?: boolean } = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    const chunks: Buffer[] = [];
    const end = (timedOut: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ ...answerIn(Buffer.concat(chunks)), timedOut });
    };
    const timer = setTimeout(end, TIMEOUT_MS, true);
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => {}); // it is closed while we still write: the answer is what counts
    socket.once("close", () => end(false));
    if (idle) socket.once("data", () => socket.setTimeout(IDLE_MS, () => end(false)));
    if (cut) socket.end(bytes);
    else socket.write(bytes);
  });
}

function answerIn(bytes: Buffer): Omit<RawAnswer, "timedOut"> {
  const text = bytes.toString("latin1").replace(/^(HTTP\/1\.1 1\d\d [\s\S]*?\r\n\r\n)+/, "");
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [name = "", value = ""] = line.split(/:\s*(.*)/s);
    const known = headers[name.toLowerCase()];
    headers[name.toLowerCase()] = known === undefined ? value : `${known}, ${value}`;
  }
  const sent = rest.join("\r\n\r\n");
  const plain = headers["transfer-encoding"] === "chunked" ? dechunked(sent) : sent;
  const status = /^HTTP\/1\.1 (\d{3})/.exec(first)?.[1];
  return {
    status: status ? Number(status) : undefined,
    headers,
    body: parsed(Buffer.from(plain, "latin1").toString()),
  };
}

function dechunked(text: string): string {
  let [whole, place] = ["", 0];
  for (;;) {
    const end = text.indexOf("\r\n", place);
    const size = Number.parseInt(text.slice(place, end), 16);
    if (end < 0 || !(size > 0)) return whole;
    whole += text.slice(end + 2, end + 2 + size);
    place = end + 2 + size + 2;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Counts the connections that this process opens to anywhere but the given port of this machine. `stop` ends it. */
export function watchConnections(ownPort: string) {
  const opened = channel("net.client.socket");
  const others: string[] = [];
  const onSocket = (message: unknown) => {
    const { socket } = message as { socket: import("node:net").Socket };
    socket.once("lookup", (_error, address, _family, host) => others.push(`${host} (${address})`));
    socket.once("connectionAttempt", (address, port) => {
      if (String(port) !== ownPort) others.push(`${address}:${port}`);
    });
  };
  opened.subscribe(onSocket);
  return { others, stop: () => void opened.unsubscribe(onSocket) };
}
