/**
 * TCP for the gdb stubs: node number i of the cluster listens on the first port plus i, on the loopback interface only.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { ClusterDebugger } from "../../emulator/debug/cluster-debugger.ts";
import { GdbStub } from "../../emulator/debug/gdb-stub.ts";

export interface GdbServer {
  /** The port of each node. */
  readonly ports: readonly number[];
  /** Whether anybody is connected. */
  readonly hasClient: boolean;
  /** Ends all connections and stops listening. */
  close(): void;
}

export interface GdbServerEvents {
  connected(node: string): void;
  disconnected(node: string): void;
}

/** Listens for debuggers. `firstPort` 0 takes any free port for each node. Rejects when a port is taken. */
export async function serveGdb(
  debuggers: ClusterDebugger,
  firstPort: number,
  events: Partial<GdbServerEvents> = {},
): Promise<GdbServer> {
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  const close = (): void => {
    debuggers.finish();
    for (const server of servers) server.close();
    for (const socket of sockets) socket.destroySoon();
  };
  try {
    for (const { index, machine } of debuggers.nodes) {
      const server = createServer({ noDelay: true }, (socket) => {
        sockets.add(socket);
        socket.on("close", () => sockets.delete(socket));
        serve(debuggers, index, socket, machine.name, events);
      });
      servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(firstPort === 0 ? 0 : firstPort + index, "127.0.0.1", resolve);
      });
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    ports: servers.map((server) => (server.address() as { port: number }).port),
    get hasClient() {
      return sockets.size > 0;
    },
    close,
  };
}

function serve(
  debuggers: ClusterDebugger,
  index: number,
  socket: Socket,
  name: string,
  events: Partial<GdbServerEvents>,
): void {
  let stub: GdbStub;
  try {
    stub = new GdbStub(debuggers, index, { send: (bytes) => void socket.write(bytes), close: () => socket.end() });
  } catch {
    // A second debugger: the first one keeps its node.
    socket.destroy();
    return;
  }
  events.connected?.(name);
  socket.on("data", (data) => stub.receive(data));
  // A reset connection is closed like any other.
  socket.on("error", () => {});
  socket.on("close", () => {
    stub.close();
    events.disconnected?.(name);
  });
}
