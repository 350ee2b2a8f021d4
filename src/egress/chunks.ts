/** Reads the body of an answer, chunk by chunk or as a whole. */
import { concatAll } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { UpstreamFault, type UpstreamEnd, type UpstreamResponse } from "./open.ts";

/**
 * @param take returns false when it needs no more; the connection is closed then.
 * @returns why the body ended early; its end otherwise.
 */
export async function eachChunk(
  body: UpstreamResponse["body"],
  take: (chunk: Uint8Array) => boolean,
): Promise<Result<void, UpstreamEnd>> {
  if (body === null) return ok(undefined);
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return ok(undefined);
      if (take(value)) continue;
      await reader.cancel().catch(() => undefined);
      return ok(undefined);
    }
  } catch (fault) {
    if (fault instanceof UpstreamFault) return err(fault.end);
    throw fault;
  }
}

/**
 * The whole body.
 * @param most of it, in bytes; by default as much as the call's own limit lets through.
 */
export async function readAll(
  body: UpstreamResponse["body"],
  most = Infinity,
): Promise<Result<Uint8Array<ArrayBuffer>, UpstreamEnd>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const read = await eachChunk(body, (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
    return size <= most;
  });
  if (!read.ok) return read;
  return size > most ? err("too_large") : ok(concatAll(chunks));
}
