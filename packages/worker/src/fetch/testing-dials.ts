import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { BlockList, type Socket } from "node:net";

/** Everything but 127.0.0.0/8. */
const elsewhere = new BlockList();
elsewhere.addRange("0.0.0.0", "126.255.255.255");
elsewhere.addRange("128.0.0.0", "255.255.255.255");
// between the two lies ::ffff:0:0/96, by which IPv4 addresses are compared as well
elsewhere.addRange("::", "::fffe:ffff:ffff", "ipv6");
elsewhere.addRange("::1:0:0:0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ipv6");

/** Every address that this process tried to connect to, as "address:port"; "blocked" where Node does not say which one it was. */
export interface DialLog extends Disposable {
  dials: string[];
}

/**
 * Writes down each connection attempt of this process, whoever makes it: our code, undici, TLS, the egress proxy. Node itself tells
 * of them, so nothing can go round the log. None but those to 127.0.0.0/8 are let through, so that a wall with a hole is seen, not
 * used.
 */
export function logDials(): DialLog {
  const dials: string[] = [];
  const onSocket = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    Object.assign(socket, { blockList: elsewhere });
    socket.on("connectionAttempt", (address: string, port: number) => dials.push(`${address}:${port}`));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ERR_IP_BLOCKED") dials.push("blocked");
    });
  };
  subscribe("net.client.socket", onSocket);
  return { dials, [Symbol.dispose]: () => void unsubscribe("net.client.socket", onSocket) };
}
