/** The answer of a server, in JSON or in events, as it goes on to the client. */
import type { ActEnd, Performed } from "../../access/act.ts";
import { eachChunk, readAll } from "../../egress/chunks.ts";
import { isPlain } from "../../egress/headers.ts";
import { redirects } from "../../egress/open.ts";
import type { Clock, Timers } from "../../kernel/clock.ts";
import { fromUtf8, utf8 } from "../../kernel/bytes.ts";
import { defined } from "../../kernel/defined.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { EventReader, isEventStream, type SseEvent } from "../../mcp/event-reader.ts";
import { errorMessage, RPC_ERRORS } from "../../mcp/errors.ts";
import { parseMessage, type RpcResponse } from "../../mcp/message.ts";
import { retryAfterSeconds } from "../upstream/retry-after.ts";
import { faultOfStatus, isPutOff, refusesCredential } from "../upstream/status.ts";
import { reasonOfFault, reasonWithin } from "../early-end.ts";
import { CallCancelled } from "../deadline.ts";
import { Tally, tallied } from "../tally.ts";
import type { CallFault, NoAnswer } from "../who-failed.ts";
import type { ClientRequest, ServerAnswer } from "./client-request.ts";
import type { Exchanged } from "./exchange.ts";
import type { MessageRedaction } from "./redact-message.ts";
import { cutMessage, noAnswerMessage } from "./own-answers.ts";
import { receivedOf, type McpOutcome, type Received } from "./outcome.ts";
import { relayed, withData, withoutId, type Passing, type RelayEnd } from "./relay.ts";

export interface Reading {
  readonly timers: Timers;
  readonly clock: Clock;
  readonly request: ClientRequest;
  readonly outcome: McpOutcome;
  /** What of the messages the client may hear. */
  readonly redaction: MessageRedaction;
  /** The largest message, in bytes. */
  readonly most: number;
  /** Of the act, and of the client. */
  readonly signal: AbortSignal;
  /** Of the act alone. */
  readonly stop: AbortSignal;
}

/** What the server says of Dome's credential, or instead of an answer. */
function refusedBy({ status, headers }: Exchanged): NoAnswer | null {
  if (refusesCredential(status) || redirects(status)) return faultOfStatus(status);
  // Dome has asked for no encoding (RFC 9110 §12.5.3), and does not read one.
  return isPlain(headers) ? null : "upstream_failed";
}

export async function readAnswer(exchanged: Exchanged, reading: Reading): Promise<Performed<ServerAnswer>> {
  const { outcome, request } = reading;
  const { status, headers, body } = exchanged;
  const refused = refusedBy(exchanged);
  if (refused !== null) {
    body?.cancel().catch(() => undefined);
    return outcome.none(refused, { status });
  }
  const isEvents = isEventStream(headers.get("content-type"));
  if (isEvents && body !== null && request.takesEvents) return passEvents(exchanged, body, reading);
  const read = await (isEvents ? lastEvent(exchanged, reading) : wholeMessage(exchanged, reading));
  if (!read.ok && reading.signal.reason instanceof CallCancelled)
    return cancelledAnswer(request, outcome, { status });
  const after = retryAfterSeconds(exchanged, reading.clock.now());
  if (!read.ok) {
    const why = read.error === "upstream_failed" ? faultOfStatus(status) : read.error;
    return outcome.none(why, { status }, after);
  }
  const { text, response, received } = read.value;
  const { redaction } = reading;
  const redacted = redaction.message(text);
  const facts = { status, ...received, ...redaction.facts };
  if (!redacted.ok) return outcome.none(redacted.error, facts);
  return {
    value: {
      kind: "message",
      status: statusFor(response, status),
      text: redacted.value,
      ...defined({ retryAfterSeconds: after }),
    },
    end: outcome.answered(response, facts),
  };
}

/**
 * An error that the server has found before it dispatched the request has a status of its own (2026-07-28, "Error
 * codes"), and so has one that puts the caller off (RFC 6585 §4, RFC 9110 §15.6.4); that of any other answer is 200.
 */
const statusFor = ({ outcome }: RpcResponse, status: number): number =>
  "error" in outcome && (status === 400 || status === 404 || isPutOff(status)) ? status : 200;

/**
 * In place of the answer to a request that its client has cancelled: a stream without one, or for a client that takes no
 * streams an error, which it ignores (2025-11-25, "Cancellation").
 */
export function cancelledAnswer(
  { message: { id }, takesEvents }: ClientRequest,
  outcome: McpOutcome,
  facts: { readonly status?: number } = {},
): Performed<ServerAnswer> {
  const error = { code: RPC_ERRORS.internal, message: "The client has cancelled the request." };
  return {
    value: takesEvents
      ? { kind: "events", body: new ReadableStream({ start: (controller) => controller.close() }) }
      : { kind: "message", status: 200, text: errorMessage(id, error) },
    end: outcome.failed("caller_cancelled", facts),
  };
}

interface ReadMessage {
  /** As the client hears it. */
  readonly text: string;
  readonly response: RpcResponse;
  readonly received: Received;
}

/** @returns null for what is no response, or none that the server may give. */
function responseOf(exchanged: Exchanged, text: string): Omit<ReadMessage, "received"> | null {
  const message = parseMessage(utf8(text), "upstream");
  if (!message.ok || message.value.kind !== "response") return null;
  const heard = exchanged.heard(message.value, text);
  return heard === null ? null : { text: heard, response: message.value };
}

async function wholeMessage(
  exchanged: Exchanged,
  { most, signal }: Reading,
): Promise<Result<ReadMessage, NoAnswer>> {
  const read = await readAll(exchanged.body, most);
  if (!read.ok) return err(reasonWithin(read.error, signal));
  const text = textOf(read.value);
  const response = text === null ? null : responseOf(exchanged, text);
  if (response === null) return err("upstream_failed");
  return ok({ ...response, received: receivedOf(tallied(read.value)) });
}

/** For a client that takes no events: the response alone, once it is there. */
async function lastEvent(
  exchanged: Exchanged,
  { most, signal }: Reading,
): Promise<Result<ReadMessage, NoAnswer>> {
  const events = new EventReader(most);
  const tally = new Tally();
  let found: Omit<ReadMessage, "received"> | null = null;
  let fault: NoAnswer | null = null;
  const read = await eachChunk(exchanged.body, (chunk) => {
    tally.add(chunk);
    const complete = events.read(chunk);
    if (!complete.ok) {
      fault = complete.error === "too_large" ? "upstream_too_large" : "upstream_failed";
      return false;
    }
    for (const { data } of complete.value) {
      if (data !== null && isResponse(data)) found ??= responseOf(exchanged, data);
    }
    return found === null;
  });
  if (found !== null) {
    return ok({ ...(found as Omit<ReadMessage, "received">), received: receivedOf(tally.end()) });
  }
  if (fault !== null) return err(fault);
  return err(read.ok ? "upstream_failed" : reasonWithin(read.error, signal));
}

const isResponse = (text: string): boolean => {
  const message = parseMessage(utf8(text), "upstream");
  return message.ok && message.value.kind === "response";
};

function textOf(bytes: Uint8Array): string | null {
  try {
    return fromUtf8(bytes);
  } catch {
    return null; // a TypeError: the bytes are not UTF-8
  }
}

function passEvents(
  exchanged: Exchanged,
  body: ReadableStream<Uint8Array>,
  { timers, request, outcome, redaction, most, signal, stop }: Reading,
): Performed<ServerAnswer> {
  const { status } = exchanged;
  const watched = outcome.watching(body);
  const isKept = exchanged.eventIds === "kept";
  const bytesOf = (event: SseEvent, text: string): Uint8Array =>
    redaction.event(
      () => (isKept ? withData(event, text) : withData(event, text, null)),
      text,
      isKept ? event : null,
    );
  let response: RpcResponse | null = null;
  let refusal: NoAnswer | null = null;
  let mayGoOn = false;
  const { promise: end, resolve: settle } = Promise.withResolvers<ActEnd>();
  const stream = relayed(watched.stream, {
    timers,
    most,
    passing: (event): Passing => {
      mayGoOn ||= event.id !== null && isKept;
      if (event.data === null) {
        const asItIs = (): Uint8Array => (isKept ? event.bytes : withoutId(event));
        return { kind: "passed", bytes: redaction.event(asItIs, null, isKept ? event : null) };
      }
      const message = parseMessage(utf8(event.data), "upstream");
      if (!message.ok) return { kind: "broken" };
      const heard = exchanged.heard(message.value, event.data);
      const isLast = message.value.kind === "response";
      if (heard === null) return isLast ? { kind: "broken" } : { kind: "dropped" };
      const text = redaction.message(heard);
      if (!text.ok) {
        refusal = text.error;
        return { kind: "broken" };
      }
      if (message.value.kind === "response") response = message.value;
      return { kind: isLast ? "last" : "passed", bytes: bytesOf(event, text.value) };
    },
    ended: (ended) => {
      const facts = { status, ...watched.received(), ...redaction.facts };
      // The server has ended the stream for now: the client takes it up with the id of the last event.
      if (ended.kind === "ended" && mayGoOn) {
        settle(outcome.ended(facts));
        return null;
      }
      const reason = ended.kind === "broken" && refusal !== null ? refusal : reasonOfRelay(ended, signal);
      // A request that its client has cancelled is not answered (2025-11-25, "Cancellation").
      if (reason === "caller_cancelled") {
        settle(outcome.failed(reason, facts));
        return null;
      }
      if (reason === null && response !== null) settle(outcome.answered(response, facts));
      else settle(outcome.failed(reason ?? "upstream_failed", facts));
      if (reason === null || reason === "caller_gone") return null;
      // After a cut nothing of the server leaves: its client hears from Dome that no answer is coming (P3).
      return cutMessage(request.message.id, stop) ?? noAnswerMessage(request.message.id, reason);
    },
  });
  return { value: { kind: "events", body: stream }, end };
}

function reasonOfRelay(end: RelayEnd, signal: AbortSignal): CallFault | null {
  switch (end.kind) {
    case "answered":
      return null;
    case "abandoned":
      return "caller_gone";
    case "ended":
      return "upstream_lost";
    case "broken":
      return "upstream_failed";
    case "too_large":
      return "upstream_too_large";
    case "lost":
      if (signal.reason instanceof CallCancelled) return "caller_cancelled";
      return reasonOfFault(end.fault, signal);
  }
}
