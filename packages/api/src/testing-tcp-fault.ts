import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What the way between a client and its server does. Units: ms, bytes per second, bytes. */
export type Fault =
  | { mode: "ok" }
  /** Nobody listens, and open connections are cut. */
  | { mode: "refuse" }
  /** Connections are accepted; nothing passes, in either direction. */
  | { mode: "blackhole" }
  /** What is asked arrives and is done; the answers are lost. */
  | { mode: "eatReply" }
  | { mode: "delay"; ms: number }
  | { mode: "throttle"; bytesPerSecond: number }
  /** A connection is cut once this much has gone to the client since the mode began, or the connection. */
  | { mode: "cutAfter"; bytes: number };

/**
 * A proxy on a free port of this machine that stands before a server and misbehaves on command. The mode is read when bytes arrive, so
 * that a switch also hits the connections that are open. `await using` ends it.
 */
export async function startTcpFault(target: { port: number; host?: string }) {
  let leadsTo = target.port;
  let fault: Fault = { mode: "ok" };
  let since = 0; // which switch the present mode came with
  const open = new Set<Socket>();
  /** Connections accepted and cut, bytes carried each way, bytes that were swallowed. */
  const stats = { accepted: 0, cut: 0, toServer: 0, toClient: 0, swallowed: 0 };

  async function pump(from: Socket, to: Socket, isReply: boolean): Promise<void> {
    let sent = 0;
    let counted = since;
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        const now = fault;
        if (counted !== since) {
          counted = since;
          sent = 0;
        }
        if (now.mode === "blackhole" || (now.mode === "eatReply" && isReply)) {
          stats.swallowed += chunk.length;
          continue;
        }
        if (now.mode === "delay") await sleep(now.ms);
        if (now.mode === "cutAfter" && isReply && sent + chunk.length >= now.bytes) {
          await written(to, chunk.subarray(0, Math.max(0, now.bytes - sent)));
          stats.cut++;
          to.destroySoon();
          from.destroy();
          return;
        }
        if (now.mode === "throttle") {
          const step = Math.max(1, Math.floor(now.bytesPerSecond / 20));
          for (let at = 0; at < chunk.length && !to.destroyed; at += step) {
            await written(to, chunk.subarray(at, at + step));
            await sleep(50);
          }
        } else await written(to, chunk);
        sent += chunk.length;
        stats[isReply ? "toClient" : "toServer"] += chunk.length;
      }
      to.end();
    } catch {
      to.destroy(); // the other side was cut
    }
  }

  function accept(client: Socket): void {
    stats.accepted++;
    const server = connect({ host: target.host ?? "127.0.0.1", port: leadsTo });
    for (const socket of [client, server]) {
      open.add(socket.setNoDelay());
      socket.on("error", () => {}); // `pump` and "close" tell
      socket.on("close", () => open.delete(socket));
    }
    client.on("close", () => server.destroy());
    server.on("close", () => {
      if (fault.mode !== "blackhole") client.destroySoon(); // who hears nothing does not hear of the end either
    });
    void pump(client, server, false);
    void pump(server, client, true);
  }

  const listening = async (port: number) => {
    const listener = createServer(accept).listen(port, "127.0.0.1");
    await once(listener, "listening");
    return listener;
  };
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  let listener = await listening(0);
  const { port } = listener.address() as { port: number };
  const closed = async () => {
    if (!listener.listening) return;
    const done = once(listener, "close");
    listener.close();
    cut();
    await done;
  };

  return {
    port,
    stats,
    /** Cuts the connections that are open. */
    cut,
    /** New connections go to another server; those that are open stay where they are. */
    leadTo(other: number): void {
      leadsTo = other;
    },
    async set(next: Fault): Promise<void> {
      fault = next;
      since++;
      if (next.mode === "refuse") await closed();
      else if (!listener.listening) listener = await listening(port);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await closed();
      cut();
    },
  };
}

async function written(to: Socket, bytes: Buffer): Promise<void> {
  if (to.destroyed || to.write(bytes)) return;
  const stop = new AbortController();
  const { signal } = stop;
  await Promise.race([once(to, "drain", { signal }), once(to, "close", { signal })]).catch(() => {});
  stop.abort();
}
