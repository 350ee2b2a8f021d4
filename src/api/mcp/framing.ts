/**
 * The HTTP side of an MCP request, before anybody looks at what it asks: where it may come from, what it accepts, and
 * its one message (2026-07-28 and 2025-11-25, "Streamable HTTP").
 */
import { err, ok, type Result } from "../../kernel/result.ts";
import { fromUtf8 } from "../../kernel/bytes.ts";
import type { RpcError } from "../../mcp/errors.ts";
import type { RequestId } from "../../mcp/json-members.ts";
import { parseMessage, type RpcMessage } from "../../mcp/message.ts";
import type { Refusal } from "../../operations/answer/refusal.ts";
import { idOfBody } from "./refused-id.ts";
import { checkEncoding, MAX_BODY_BYTES, mediaType, readBytes } from "../body.ts";

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])$/;

const isLoopback = (url: string): boolean => URL.canParse(url) && LOOPBACK.test(new URL(url).hostname);

/**
 * A page of another site that a browser sends here, perhaps under a name that leads to this machine (DNS rebinding): the
 * page's origin must be one that the operator has named, or Dome's own, and the host must be Dome's.
 * @param issuer the public URL.
 */
export function checkOrigin(
  http: Request,
  issuer: string,
  allowed: readonly string[],
): Result<void, Refusal> {
  const host = new URL(http.url).host;
  const isHome = host === new URL(issuer).host || (isLoopback(issuer) && isLoopback(`http://${host}`));
  const origin = http.headers.get("origin");
  const isAllowed =
    origin === null ||
    origin === issuer ||
    allowed.includes(origin) ||
    (isLoopback(issuer) && isLoopback(origin));
  return isHome && isAllowed
    ? ok(undefined)
    : err({
        code: "forbidden",
        detail:
          "The request comes from an origin, or for a host, that Dome does not serve. See DOME_CORS_ORIGINS.",
      });
}

/** What a client can read. Every request may be answered in JSON, so a client that takes none cannot be served. */
interface Accepted {
  readonly json: boolean;
  readonly events: boolean;
}

/** RFC 9110 §12.5.1. A range with a weight of 0 is not accepted; the most specific range counts. */
export function acceptedBy(header: string | null): Accepted {
  if (header === null || header.trim() === "") return { json: true, events: true };
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(",")) {
    const [range = "", ...parameters] = part.split(";").map((each) => each.trim());
    const q = parameters.find((each) => each.startsWith("q="));
    weights.set(range, q === undefined ? 1 : Number(q.slice(2)));
  }
  const takes = (...ranges: readonly string[]): boolean => {
    const range = ranges.find((each) => weights.has(each));
    return range !== undefined && weights.get(range) !== 0;
  };
  return {
    json: takes("application/json", "application/*", "*/*"),
    events: takes("text/event-stream", "text/*", "*/*"),
  };
}

interface Framed {
  readonly message: RpcMessage;
  /** As it came. */
  readonly text: string;
}

type FramingRefusal =
  | { readonly kind: "door"; readonly refusal: Refusal; readonly id: RequestId | null }
  | { readonly kind: "protocol"; readonly error: RpcError; readonly id: RequestId | null };

/** @param most of the body, in bytes: of the caller's tier. */
export async function frame(http: Request, most: number): Promise<Result<Framed, FramingRefusal>> {
  const door = (refusal: Refusal, id: RequestId | null = null): Result<never, FramingRefusal> =>
    err({ kind: "door", refusal, id });
  const encoded = checkEncoding(http);
  if (!encoded.ok) return door(encoded.error);
  if (mediaType(http.headers.get("content-type")) !== "application/json") {
    return door(
      {
        code: "unsupported_media_type",
        detail: "Send one JSON-RPC message as Content-Type: application/json.",
      },
      await idOfBody(http),
    );
  }
  const read = await readBytes(http, Math.min(most, MAX_BODY_BYTES));
  if (!read.ok) return door(read.error);
  const message = parseMessage(read.value, "client");
  if (message.ok) return ok({ message: message.value, text: fromUtf8(read.value) });
  const { code, detail, id } = message.error;
  return err({ kind: "protocol", error: { code, message: detail }, id });
}
