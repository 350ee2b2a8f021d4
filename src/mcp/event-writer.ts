/** Server-sent events that Dome writes: changed messages of an upstream, and comments while it is silent. */
import { utf8 } from "../kernel/bytes.ts";

/**
 * @param message JSON on one line, as `JSON.stringify` makes it.
 * @param from the event that held the message before it was changed; its id and retry are kept.
 */
export function eventBytes(
  message: string,
  from: { readonly id: string | null; readonly retryMs: number | null } = { id: null, retryMs: null },
): Uint8Array<ArrayBuffer> {
  const id = from.id === null ? "" : `id: ${from.id}\n`;
  const retry = from.retryMs === null ? "" : `retry: ${from.retryMs}\n`;
  return utf8(`${id}${retry}event: message\ndata: ${message}\n\n`);
}

/** A comment, so that nobody between takes a silent stream for a dead one. */
export const KEEP_ALIVE: Uint8Array<ArrayBuffer> = utf8(": \n\n");
