/**
 * The answer of a server without what Dome has sent to it: some servers show the headers of a request, or repeat a
 * credential in an error, and no agent gets a credential of Dome's.
 */
import { dropWhatSpeaksOfTheBytes, isPlain, speakOfTheBytes } from "../../egress/headers.ts";
import type { UpstreamResponse } from "../../egress/open.ts";
import { concat, concatAll, fromBase64, fromUtf8, utf8 } from "../../kernel/bytes.ts";
import { ok, type Result } from "../../kernel/result.ts";
import { isEventStream } from "../../mcp/event-reader.ts";
import { needlesFor, SecretMask, type Needle } from "./secret-mask.ts";

/** A shorter secret is a word, and stands in texts by chance; in characters. */
const LEAST_SECRET = 8;
/** How much of a body is read before its headers pass, when they speak of its bytes; in bytes. */
export const MOST_LOOKED_AT = 1_048_576;

/**
 * @param sent the headers with Dome's credential, and the context of the call.
 * @returns the same answer. Its lengths hold; a body in an encoding is not looked at. Headers that speak of the bytes of
 *   the body are left out unless it is known to be unchanged.
 */
export async function masked<Fault>(
  opened: Result<UpstreamResponse, Fault>,
  sent: Headers,
): Promise<Result<UpstreamResponse, Fault>> {
  const needles = opened.ok ? needlesIn(sent) : [];
  if (!opened.ok || needles.length === 0) return opened;
  const { status, headers: from, body } = opened.value;
  const headers = new Headers();
  for (const [name, value] of from) headers.append(name, maskedText(value, needles));
  if (body === null || !isPlain(from)) return ok({ status, headers, body });
  const passing = new MaskedBody(body, needles);
  if (speakOfTheBytes(headers)) {
    // Of a stream of events every part passes at once.
    const isUnchanged =
      !isEventStream(from.get("content-type")) && (await passing.isUnchanged(MOST_LOOKED_AT));
    if (!isUnchanged) dropWhatSpeaksOfTheBytes(headers);
  }
  return ok({ status, headers, body: passing.stream() });
}

/** Each as a server may repeat it, and the password of a pair alone. */
function needlesIn(sent: Headers): readonly Needle[] {
  const texts = [...sent].flatMap(([, value]) => {
    const [, scheme = "", token = value] = /^(Bearer|Basic) (.*)$/i.exec(value) ?? [];
    return scheme.toLowerCase() === "basic" ? [token, passwordOf(token)] : [token];
  });
  const secrets = new Set(texts.filter((text) => text.length >= LEAST_SECRET));
  return [...secrets].flatMap((text) => needlesFor(utf8(text), LEAST_SECRET));
}

/** RFC 7617 §2: what stands behind the first colon. */
function passwordOf(pair: string): string {
  try {
    return fromUtf8(fromBase64(pair)).replace(/^[^:]*:/, "");
  } catch {
    return "";
  }
}

/** A header may have any characters: they are compared as the bytes of UTF-8, of which none begins within another. */
function maskedText(text: string, needles: readonly Needle[]): string {
  const mask = new SecretMask(needles);
  const after = concat(mask.next(utf8(text)), mask.rest());
  return mask.hasFound ? fromUtf8(after) : text;
}

class MaskedBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #mask: SecretMask;
  /** What was read before the stream was. */
  #looked: Uint8Array | null = null;
  #isAtEnd = false;

  constructor(body: ReadableStream<Uint8Array>, needles: readonly Needle[]) {
    this.#reader = body.getReader();
    this.#mask = new SecretMask(needles);
  }

  /**
   * Reads on until it is known.
   * @param most in bytes: a longer body may be changed.
   */
  async isUnchanged(most: number): Promise<boolean> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    try {
      while (!this.#isAtEnd && !this.#mask.hasFound && size <= most) {
        const piece = await this.#next();
        size += piece.length;
        pieces.push(piece);
      }
    } catch {
      return false; // whoever reads the stream hears of it
    }
    this.#looked = concatAll(pieces);
    return this.#isAtEnd && !this.#mask.hasFound;
  }

  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        // Also while nobody reads: a stream that was cut ends now.
        start: (controller) => {
          this.#reader.closed.catch((fault: unknown) => controller.error(fault));
        },
        pull: async (controller) => {
          for (;;) {
            const piece = this.#looked ?? (this.#isAtEnd ? null : await this.#next());
            this.#looked = null;
            if (piece === null) return controller.close();
            if (piece.length > 0) return controller.enqueue(piece);
          }
        },
        cancel: (reason) => this.#reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  async #next(): Promise<Uint8Array> {
    const { done, value } = await this.#reader.read();
    this.#isAtEnd = done;
    return done ? this.#mask.rest() : this.#mask.next(value);
  }
}
