/** One HTTP exchange as it is on the wire: nothing is decoded, and a body that is broken off is told as such. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  request as httpRequest,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from "node:http";
import { Readable } from "node:stream";

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as fast as the other side takes it. */
  readonly body?: Iterable<Buffer>;
  readonly signal?: AbortSignal;
}

export interface Exchanged {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
  /** Of the body, in hexadecimal. */
  readonly sha256: string;
  /** The beginning of the body. */
  readonly text: string;
  /** False: the body was broken off. */
  readonly isWhole: boolean;
}

/** @throws when there is no answer. */
export async function exchange(url: string, asked: Asked = {}): Promise<Exchanged> {
  const request = begin(url, asked);
  const answered = once(request, "response") as Promise<[IncomingMessage]>;
  // An answer may come before the body has been sent, and end the sending.
  Readable.from(asked.body ?? [], { highWaterMark: 1 }).pipe(request);
  const [response] = await answered;
  const hash = createHash("sha256");
  let [bytes, text, isWhole] = [0, "", true];
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      hash.update(part);
      bytes += part.length;
      if (text.length < 65_536) text += part.toString("latin1");
    }
  } catch {
    isWhole = false;
  }
  const { statusCode = 0, headers } = response;
  return { status: statusCode, headers, bytes, text, isWhole, sha256: hash.digest("hex") };
}

/** A request that has not sent anything of its body. Its faults are those of its answer, or of nobody. */
export function begin(url: string, { method = "GET", headers = {}, signal }: Asked = {}): ClientRequest {
  const request = httpRequest(url, {
    method,
    headers,
    agent: false,
    ...(signal === undefined ? {} : { signal }),
  });
  request.on("error", () => undefined);
  return request;
}
