/** The API: what it answers to a request. Everything that is large is made, or read, as it passes. */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { DOCUMENT } from "./document.ts";
import { generated } from "./generated.ts";
import { lie } from "./lies.ts";
import { answerMcp } from "./mcp.ts";

/** How much of a body has passed, by the path of its request. */
export interface Traffic {
  readonly sent: Record<string, number>;
}

const ENCODE: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gzipSync(bytes),
  GZIP: (bytes) => gzipSync(bytes),
  "x-gzip": (bytes) => gzipSync(bytes),
  br: (bytes) => brotliCompressSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
  identity: (bytes) => bytes,
};

export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { sent }: Traffic,
  unread: IncomingMessage[],
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const [what = "", first = "", second = ""] = url.pathname.slice(1).split("/").map(decodeURIComponent);
  const json = (value: unknown, status = 200): void => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  };
  const send = (parts: Iterable<Buffer | string>): Promise<void> => {
    const counted = function* (): Generator<Buffer | string> {
      for (const part of parts) {
        yield part;
        sent[url.pathname] = (sent[url.pathname] ?? 0) + part.length;
      }
    };
    return pipeline(Readable.from(counted(), { objectMode: true, highWaterMark: 1 }), response);
  };
  switch (what) {
    case "openapi.json":
      return json(DOCUMENT);
    case "orders":
      return json({ method: request.method, order: first, part: second, search: url.search });
    case "bytes":
      response.writeHead(200, { "content-type": "application/octet-stream", "content-length": first });
      return send(generated(Number(first)));
    case "chunks":
      response.writeHead(200, { "content-type": "application/octet-stream", etag: '"1"' });
      return send(generated(Number(first)));
    case "events":
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
      return send(Array.from({ length: Number(first) }, (_none, at) => `id: ${at}\ndata: event ${at}\n\n`));
    case "encoded": {
      const body = ENCODE[first]?.(Buffer.concat([...generated(Number(second))])) ?? Buffer.alloc(0);
      const type = { "content-type": "text/plain", "content-length": body.length };
      response.writeHead(200, first === "identity" ? type : { ...type, "content-encoding": first });
      response.end(body);
      return;
    }
    case "digest": {
      const hash = createHash("sha256");
      let bytes = 0;
      for await (const part of request as AsyncIterable<Buffer>) {
        hash.update(part);
        bytes += part.length;
      }
      const { "content-length": length = null, "transfer-encoding": coding = null } = request.headers;
      return json({ bytes, sha256: hash.digest("hex"), length, coding });
    }
    case "unread":
      unread.push(request);
      return; // nothing is read, and nothing answered
    case "echo":
      response.writeHead(200, { "content-type": "application/octet-stream" });
      return pipeline(request, response);
    case "photos":
      return json(await partsOf(request));
    case "mcp":
      return answerMcp(request, response, first);
    case "lies":
      if (lie(first, request.socket)) return;
  }
  json({ error: "not_found" }, 404);
}

/** As a server reads them that is not ours: Node's own. */
async function partsOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const body = Readable.toWeb(request) as ConstructorParameters<typeof Response>[0];
  const headers = { "content-type": request.headers["content-type"] ?? "" };
  // oxlint-disable-next-line typescript/no-deprecated -- it is the reader that everybody has, and only a test is served
  const form = await new Response(body, { headers }).formData();
  const parts: Record<string, unknown> = {};
  for (const [name, value] of form) {
    if (typeof value === "string") {
      parts[name] = value;
      continue;
    }
    const sha256 = createHash("sha256").update(Buffer.from(await value.arrayBuffer()));
    parts[name] = { name: value.name, type: value.type, size: value.size, sha256: sha256.digest("hex") };
  }
  return parts;
}
