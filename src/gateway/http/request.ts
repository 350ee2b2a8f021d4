/** A call as it came through the HTTP door, before it is decided on. */
import type { RequestFacts } from "../../access/judge.ts";

export interface HttpRequest {
  readonly tool: string;
  /** Upper-case. */
  readonly method: string;
  /** Behind the tool's name, with its escapes: empty, or from the first slash on. */
  readonly path: string;
  /** Its segments, decoded. */
  readonly segments: readonly string[];
  /** With its `?`, or empty. */
  readonly search: string;
  /** By name; of use where no document says what may be repeated. */
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Headers;
  readonly body: HttpBody;
  /** Aborted when the client has gone. */
  readonly gone: AbortSignal;
  readonly request: RequestFacts;
}

export type HttpBody =
  | { readonly kind: "none" }
  /** Read and parsed strictly: what is sent is what was parsed. */
  | {
      readonly kind: "json";
      readonly type: string | null;
      readonly value: unknown;
      readonly bytes: Uint8Array<ArrayBuffer>;
    }
  /** Read whole, because it is decided on. */
  | { readonly kind: "bytes"; readonly type: string | null; readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly kind: "stream";
      readonly stream: ReadableStream<Uint8Array>;
      readonly type: string | null;
      /** In bytes, as the caller says; null: unknown. */
      readonly length: number | null;
    };
