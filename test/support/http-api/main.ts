/**
 * The API as a process of its own: a crash, a full memory or a blocked loop of it is no crash of the tests. It prints its
 * origin, and answers each message of its parent with what it counts.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { answer, type Traffic } from "./api.ts";

export interface Counts extends Traffic {
  /** Connections that are open, idle ones included: they are closed after a second. */
  readonly sockets: number;
  /** Requests that have neither been answered nor cut. */
  readonly open: number;
  /** Requests so far. */
  readonly requests: number;
}

const traffic: Traffic = { sent: {} };
/** Requests whose bodies are not read. Their connections are not looked at either, so their ends are not seen. */
const unread: IncomingMessage[] = [];
let [sockets, open, requests] = [0, 0, 0];

const server = createServer((request, response) => {
  requests += 1;
  open += 1;
  response.once("close", () => (open -= 1));
  answer(request, response, traffic, unread).catch(() => response.destroy());
});
server.keepAliveTimeout = 1_000;
server.requestTimeout = 0;
server.on("connection", (socket) => {
  sockets += 1;
  socket.on("error", () => undefined); // the other side may go at any time
  socket.once("close", () => (sockets -= 1));
});
server.on("clientError", (_fault, socket) => socket.destroy());

process.on("message", (what: unknown) => {
  if (what === "read") for (const request of unread.splice(0)) request.resume();
  const counts: Counts = { ...traffic, sockets, open, requests };
  process.send?.(counts);
});
process.once("disconnect", () => process.exit(0));

await once(server.listen(0, "127.0.0.1"), "listening");
process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
