import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** What the line to an engine does. */
export type LineFault =
  | { mode: "ok" }
  /** Everything is taken, and nothing ever answered. */
  | { mode: "silent" }
  /** The engine is asked and does it; once its answer to such a request is there, the connection is cut instead. */
  | { mode: "loses"; answerTo: RegExp };

/** A way to an engine's socket by a port of this machine, which misbehaves on command. `await using` ends it. */
export async function startEngineLine(socketPath: string) {
  let fault: LineFault = { mode: "ok" };
  const open = new Set<Socket>();
  const kept = (socket: Socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
  };
  const server = createServer((client) => {
    const engine = connect({ path: socketPath });
    kept(client);
    kept(engine);
    let cutting = false;
    client.on("data", (bytes) => {
      if (fault.mode === "silent") return;
      if (fault.mode === "loses" && fault.answerTo.test(bytes.toString("latin1"))) cutting = true;
      engine.write(bytes);
    });
    engine.on("data", (bytes) => {
      if (cutting) client.resetAndDestroy();
      else client.write(bytes);
    });
    client.on("close", () => engine.destroy());
    engine.on("close", () => client.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    /** As the provider's option `engine`. */
    address: { host: "127.0.0.1", port },
    set(next: LineFault): void {
      fault = next;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
