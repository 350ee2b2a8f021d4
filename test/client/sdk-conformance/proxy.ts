/** What stands between a client and the server, and can be cut. */
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export type Network = "open" | "cut" | "losing_answers";

export interface Proxy {
  readonly url: string;
  set(network: Network): void;
  close(): Promise<void>;
}

const REPORTS = "/api/v1/audit/events";

/** @param target the server's URL. */
export async function startProxy(target: string): Promise<Proxy> {
  const { hostname, port } = new URL(target);
  let network: Network = "open";
  const sockets = new Set<Socket>();
  const pass = (from: IncomingMessage, to: ServerResponse): void => {
    const { method, url: path, headers } = from;
    const loses = network === "losing_answers" && path === REPORTS;
    const onward = request({ hostname, port, method, path, headers }, (answer) => {
      if (loses) {
        answer.resume().once("end", () => to.destroy());
        return;
      }
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      to.flushHeaders();
      answer.pipe(to);
      answer.once("error", () => to.destroy());
    });
    onward.once("error", () => to.destroy());
    to.once("close", () => onward.destroy());
    from.pipe(onward);
  };
  const server = createServer(pass);
  server.on("connection", (socket) => {
    if (network === "cut") {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: (to) => {
      network = to;
      if (to === "cut") hangUp();
    },
    close: async () => {
      hangUp();
      server.close();
      await once(server, "close");
    },
  };
}
