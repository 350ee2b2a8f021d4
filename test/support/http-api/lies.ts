/**
 * Answers that are not what they say: as bytes on the connection, because no library would send them.
 */
import type { Socket } from "node:net";
import { brotliCompressSync, gzipSync } from "node:zlib";

const head = (...lines: readonly string[]): string => `HTTP/1.1 200 OK\r\n${lines.join("\r\n")}\r\n\r\n`;
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const CHUNKED = "transfer-encoding: chunked";

/** A body that is small on the way and large when it is decoded. */
const bomb = (compress: (bytes: Buffer) => Buffer): Buffer => compress(Buffer.alloc(128 * 1024 * 1024));
const encoded = (coding: string, body: Buffer | string): Buffer =>
  Buffer.concat([
    Buffer.from(head(`content-encoding: ${coding}`, `content-length: ${body.length}`)),
    Buffer.from(body),
  ]);

/** What is written before the connection is closed. */
const WRITTEN: Readonly<Record<string, () => Buffer | string>> = {
  "less-than-its-length": () => `${head("content-length: 100")}only this`,
  "more-than-its-length": () => `${head("content-length: 9")}only this, and more of it`,
  "two-lengths": () => `${head("content-length: 9", "content-length: 4")}only this`,
  "negative-length": () => `${head("content-length: -1")}only this`,
  "length-and-chunks": () => `${head("content-length: 4", CHUNKED)}${chunk("only this")}0\r\n\r\n`,
  "no-last-chunk": () => `${head(CHUNKED)}${chunk("only this")}`,
  "no-such-chunk": () => `${head(CHUNKED)}${chunk("only this")}zz\r\nmore\r\n0\r\n\r\n`,
  "chunk-without-end": () => `${head(CHUNKED)}ffffffffffffffff\r\nonly this`,
  "until-it-closes": () => `${head("content-type: text/plain")}only this`,
  "is-no-gzip": () => encoded("gzip", "only this"),
  "half-a-gzip": () => {
    const whole = gzipSync(Buffer.alloc(100_000, "only this"));
    return encoded("gzip", whole.subarray(0, whole.length / 2));
  },
  "brotli-that-is-gzip": () => encoded("br", gzipSync("only this")),
  "encoded-twice": () => encoded("gzip, gzip", gzipSync(gzipSync("only this"))),
  "gzip-bomb": () => encoded("gzip", bomb(gzipSync)),
  "brotli-bomb": () =>
    encoded(
      "br",
      bomb((bytes) => brotliCompressSync(bytes)),
    ),
  "is-no-http": () => "220 mail.example.com ESMTP\r\n",
  "has-no-such-status": () => "HTTP/1.1 999 Beyond\r\ncontent-length: 0\r\n\r\n",
  "has-no-status": () => "HTTP/1.1 OK\r\ncontent-length: 0\r\n\r\n",
  "changes-protocol": () =>
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: else\r\nconnection: upgrade\r\n\r\nelse",
  "only-continues": () => "HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000),
  "hints-first": () => `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${head("content-length: 9")}only this`,
  "large-headers": () => `${head(`x-large: ${"a".repeat(1_048_576)}`, "content-length: 9")}only this`,
  "many-headers": () => {
    const lines = Array.from({ length: 20_000 }, (_none, at) => `x-header-${at}: 1`);
    return `${head(...lines, "content-length: 9")}only this`;
  },
  "says-nothing": () => "",
};

/** What is written without an end, until the other side closes. */
const ENDLESS: Readonly<Record<string, { readonly first: string; readonly again: string }>> = {
  "endless-chunks": { first: head(CHUNKED), again: chunk("and more".repeat(1_024)) },
  "endless-headers": { first: "HTTP/1.1 200 OK\r\n", again: `x-header: ${"a".repeat(1_000)}\r\n` },
  "endless-events": {
    first: head("content-type: text/event-stream", CHUNKED),
    again: chunk("data: and more\n\n".repeat(512)),
  },
  "endless-event": {
    first: head("content-type: text/event-stream", CHUNKED),
    again: chunk("and more".repeat(1_024)),
  },
};

/** What is written before nothing more comes. The connection stays open. */
const STOPS: Readonly<Record<string, string>> = {
  "silent-at-once": "",
  "silent-in-its-headers": "HTTP/1.1 200 OK\r\ncontent-type: te",
  "silent-in-its-body": `${head("content-length: 100")}only this`,
  "silent-in-a-chunk": `${head(CHUNKED)}ff\r\nonly this`,
  "silent-after-an-event": `${head("content-type: text/event-stream", CHUNKED)}${chunk("data: only this\n\n")}`,
};

export const SILENT: readonly string[] = Object.keys(STOPS);
export const LIES: readonly string[] = [...Object.keys(WRITTEN), ...Object.keys(ENDLESS), ...SILENT];

/** @returns false: there is no such lie. */
export function lie(how: string, socket: Socket): boolean {
  const [written, endless, stops] = [WRITTEN[how], ENDLESS[how], STOPS[how]];
  if (written !== undefined) socket.end(written());
  else if (endless !== undefined) goOn(socket, endless.first, endless.again);
  else if (stops !== undefined) socket.write(stops);
  else return false;
  return true;
}

/** As fast as the other side reads. */
function goOn(socket: Socket, first: string, again: string): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(again));
  };
  socket.on("drain", more);
  socket.write(first);
  more();
}
