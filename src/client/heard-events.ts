/** The server-sent events of a stream with heartbeats. A stream without any for too long counts as cut. */
import { ConnectionError } from "../../sdk/typescript/src/errors.ts";
import { EventParser, type ServerEvent } from "../../sdk/typescript/src/server-events.ts";
import { HEARTBEAT_MS } from "../contract/agent-event.ts";

const SILENCE_MS = 3 * HEARTBEAT_MS;

/**
 * Every event with data, in order, until the stream ends.
 * @param deadline returns a signal that aborts after this many milliseconds.
 * @throws ConnectionError when the stream is cut, or silent for three heartbeats.
 */
export async function* heardEvents(
  body: ReadableStream<Uint8Array>,
  deadline: (ms: number) => AbortSignal,
): AsyncGenerator<ServerEvent> {
  const parser = new EventParser();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await Promise.race([read(reader), silence(deadline(SILENCE_MS))]);
      if (done) return;
      yield* parser.push(value);
    }
  } finally {
    reader.cancel().catch(() => undefined); // not awaited: a silent stream may never confirm it
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

async function read(reader: Reader): Promise<Awaited<ReturnType<Reader["read"]>>> {
  try {
    return await reader.read();
  } catch (fault) {
    throw new ConnectionError("the connection was cut", { cause: fault, sent: true });
  }
}

const silence = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const give = (): void =>
      reject(new ConnectionError(`nothing was heard for ${SILENCE_MS / 1_000} s`, { sent: true }));
    if (signal.aborted) give();
    else signal.addEventListener("abort", give);
  });
