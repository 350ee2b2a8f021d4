/** Answers of a server as they are on the wire, by path: what no library would let it say. */
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";

const PACKED = gzipSync("packed");
const head = (...lines: readonly string[]): string => `${["HTTP/1.1 200 OK", ...lines].join("\r\n")}\r\n\r\n`;

/** What is said; then the connection closes. */
const SAID: Readonly<Record<string, readonly (string | Buffer)[]>> = {
  "/sized": [head("Content-Length: 5"), "hello"],
  "/empty": [head("Content-Length: 0")],
  "/short": [head("Content-Length: 10"), "hello"],
  "/long": [head("Content-Length: 5"), "hello, and more"],
  "/twice": [head("Content-Length: 5", "Content-Length: 6"), "hello"],
  "/chunked": [head("Transfer-Encoding: chunked"), "5\r\nhello\r\n0\r\n\r\n"],
  "/packed": [head(`Content-Length: ${PACKED.length}`, "Content-Encoding: gzip"), PACKED],
  "/json": [head("Content-Length: 16", "Content-Type: application/json"), '{"token":"abcd"}'],
};

/** @returns false: nothing is to be said under this path. */
export function saidOnTheWire(path: string, method: string, socket: Socket): boolean {
  const said = SAID[path];
  if (said === undefined) return false;
  socket.on("error", () => undefined);
  for (const each of method === "HEAD" ? said.slice(0, 1) : said) socket.write(each);
  socket.end();
  return true;
}
