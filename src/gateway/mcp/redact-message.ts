/**
 * A message of a server as the rules of the tool let the client hear it: results, errors, and notifications on the way.
 * Paths begin where a server puts data: in `structuredContent`, in the `data` of errors and logs, in `_meta`, and in each
 * text that is JSON itself. Patterns are looked for in every text.
 */
import { utf8 } from "../../kernel/bytes.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { eventBytes, KEEP_ALIVE } from "../../mcp/event-writer.ts";
import type { SseEvent } from "../../mcp/event-reader.ts";
import { binaryContentIn } from "../../mcp/binary-content.ts";
import { parseMessage } from "../../mcp/message.ts";
import type { Upstream } from "../../registry/upstream.ts";
import type { JsonPlaces } from "../../registry/redaction/json-pass.ts";
import { Redactor } from "../../registry/redaction/redactor.ts";
import { redactionOf, type RedactionRules } from "../../registry/redaction/rules.ts";

/** What is of the protocol, or the client's own. */
const KEPT: ReadonlySet<string> = new Set([
  "/jsonrpc",
  "/id",
  "/method",
  "/params/progressToken",
  "/params/requestId",
]);
const ROOTS: ReadonlySet<string> = new Set([
  "/result/structuredContent",
  "/result/_meta",
  "/error/data",
  "/params/data",
  "/params/_meta",
]);

/** RFC 4648 §4 and §5. What is not written so is a text, whatever the server calls it. */
const BASE64 = /^[\w+/-]*={0,2}$/;

/** Redacts the messages of one answer, and counts. */
export class MessageRedaction {
  readonly #rules: RedactionRules | null;
  #count = 0;

  constructor({ redaction }: Pick<Upstream, "redaction">) {
    this.#rules = redactionOf(redaction);
  }

  /** For the outcome's record: how many values were redacted. Undefined: the tool redacts nothing. */
  get facts(): { readonly redacted?: number } {
    return this.#rules === null ? {} : { redacted: this.#count };
  }

  /**
   * @param text a message, which has been parsed before.
   * @returns an error when it cannot be redacted, and so must not be passed on.
   */
  message(text: string): Result<string, "answer_not_redactable"> {
    if (this.#rules === null) return ok(text);
    const redactor = new Redactor(this.#rules);
    const redacted = redactor.json(text, (message) => placesIn(message, redactor.rules));
    this.#count += redactor.count;
    if (redacted === null || redactor.isSpent) return err("answer_not_redactable");
    // What a client needs to take it for a message may have been redacted.
    if (redacted !== text && !parseMessage(utf8(redacted), "upstream").ok)
      return err("answer_not_redactable");
    return ok(redacted);
  }

  /**
   * An event that may be passed on. Of a tool that redacts, nothing of it is left but the message, its id and its time to
   * reconnect: comments and other fields are not looked at.
   * @param asItIs the event of a tool that redacts nothing.
   * @param message as `message` returned it; null: an event without one.
   * @param from whose id and time it has; null: the client's era has no such thing.
   */
  event(asItIs: () => Uint8Array, message: string | null, from: SseEvent | null): Uint8Array {
    if (this.#rules === null) return asItIs();
    const { id, retryMs } = from ?? { id: null, retryMs: null };
    const kept = { id: id === null || this.#isFoundIn(id) ? null : id, retryMs };
    if (message !== null) return eventBytes(message.replaceAll(/[\r\n]/g, " "), kept);
    return kept.id === null && retryMs === null ? KEEP_ALIVE : eventBytes("", kept);
  }

  #isFoundIn(id: string): boolean {
    return this.#rules !== null && new Redactor(this.#rules).words(id) !== id;
  }
}

/** @returns null: it has content that nobody can look into. */
function placesIn(message: unknown, { passesUnreadable }: RedactionRules): JsonPlaces | null {
  const content = binaryContentIn(message);
  if (content.length > 0 && !passesUnreadable) return null;
  const binary = new Set(content.filter(({ text }) => BASE64.test(text)).map(({ pointer }) => pointer));
  return { kept: KEPT, roots: ROOTS, binary };
}
