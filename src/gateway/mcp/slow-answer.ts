/**
 * An answer that a server takes its time with begins as a stream of comments, in which the answer stands as the last
 * event. So nobody between takes the connection for a dead one, and Dome notices when the client has gone: while nothing
 * is written, the end of a connection can stay unseen.
 */
import type { Performed } from "../../access/act.ts";
import { inTime, type Timers } from "../../kernel/clock.ts";
import { eventBytes, KEEP_ALIVE } from "../../mcp/event-writer.ts";
import type { ClientRequest, ServerAnswer } from "./client-request.ts";
import { cutMessage, noAnswerMessage } from "./own-answers.ts";

/** The longest wait for an answer, and between two comments, in milliseconds. */
const QUIET_MS = 15_000;

/**
 * @param stop of the act. What it cuts ends with a last message of Dome, and with nothing of the server (P3).
 * @param perform is told when the client has gone.
 */
export async function answeredInTime(
  timers: Timers,
  request: ClientRequest,
  stop: AbortSignal,
  perform: (gone: AbortSignal) => Promise<Performed<ServerAnswer>>,
): Promise<Performed<ServerAnswer>> {
  const left = new AbortController();
  const pending = perform(AbortSignal.any([request.gone, left.signal]));
  if (!request.takesEvents) return pending;
  const first = await inTime(timers, QUIET_MS, pending, null);
  if (first !== null) return first;
  let inner: ReadableStreamDefaultReader<Uint8Array> | null = null;
  let isOver = false;
  const end = (controller: ReadableStreamDefaultController<Uint8Array>, last: string | null): void => {
    if (isOver) return;
    isOver = true;
    if (last !== null) controller.enqueue(eventBytes(last));
    controller.close();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        controller.enqueue(KEEP_ALIVE);
        const cut = (): void => end(controller, cutMessage(request.message.id, stop));
        if (stop.aborted) cut();
        else stop.addEventListener("abort", cut, { once: true });
      },
      pull: async (controller) => {
        if (inner === null) {
          const next = await inTime(timers, QUIET_MS, pending, null);
          if (isOver) return;
          if (next === null) return controller.enqueue(KEEP_ALIVE);
          if (next.value.kind !== "events") {
            return end(controller, lineOf(next.value, request));
          }
          inner = next.value.body.getReader();
        }
        const { done, value } = await inner.read();
        if (isOver) return;
        if (done) end(controller, null);
        else controller.enqueue(value);
      },
      cancel: async (reason) => {
        isOver = true;
        left.abort(new Error("the client has gone"));
        await inner?.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return { value: { kind: "events", body }, end: pending.then(({ end }) => end) };
}

/** On one line, as an event has it: in JSON a line break stands between tokens only. */
const lineOf = (answer: Exclude<ServerAnswer, { kind: "events" }>, { message }: ClientRequest): string =>
  answer.kind === "message"
    ? answer.text.replaceAll(/[\r\n]+/g, " ")
    : noAnswerMessage(message.id, answer.why);
