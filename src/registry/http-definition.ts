/**
 * The definition of one operation of an HTTP API, as it is pinned: what it is called, where it is called, and what its
 * arguments are. It is made of an OpenAPI document when the tool is refreshed; calls are decided from the pin alone.
 */
import { canonical } from "../kernel/canonical.ts";
import { toHex, utf8 } from "../kernel/bytes.ts";
import { sha256Sync } from "../kernel/digest.ts";
import type { HttpRoute } from "./http-operations.ts";
import type { JsonSchema } from "./schema-text.ts";

/** The types that a text may stand for. */
export type Scalar = "string" | "integer" | "number" | "boolean";

/** How a value of text is read: one value, a list, or an object. */
export interface TextForm {
  readonly form: "value" | "list" | "object" | "json";
  /** The types of the value, or of each item of the list. */
  readonly types: readonly Scalar[];
  /** The types of an object's members. */
  readonly members?: Readonly<Record<string, readonly Scalar[]>>;
  /** OpenAPI 3.1, "Style Values". */
  readonly style: "simple" | "form" | "spaceDelimited" | "pipeDelimited" | "deepObject";
  readonly explode: boolean;
}

export interface HttpParameter extends TextForm {
  readonly in: "path" | "query" | "header";
  /** Of a header in lower case. */
  readonly name: string;
}

/**
 * How a body of some type is decided on. `json`: as a value. `form`: by its fields. `parts`: by the names, types and
 * sizes of its parts. `stream`: by its type and length.
 */
export type BodyKind = "json" | "form" | "parts" | "stream";

export interface HttpBodyForm {
  /** By media type in lower case, or a range such as `image/*`. */
  readonly types: Readonly<Record<string, BodyKind>>;
  readonly fields: Readonly<Record<string, TextForm>>;
  readonly parts: Readonly<Record<string, TextForm>>;
}

/** How the arguments of a call are found in it. */
export interface HttpBinding {
  readonly parameters: readonly HttpParameter[];
  /** Null: the operation takes no body. */
  readonly body: HttpBodyForm | null;
}

export interface PinnedRequest extends HttpBinding {
  readonly method: string;
  readonly path: string;
  /** Why the operation cannot be called through Dome, in words; its route is kept, so that no other takes its calls. */
  readonly refused?: string;
  /** Why the schema of the document cannot check the arguments, in words; the tool's entry may have another one. */
  readonly uncheckable?: string;
}

/** In the form of a definition of MCP, so that both are pinned, compared and approved alike. */
export interface HttpDefinition {
  readonly name: string;
  /** SHA-256 of the canonical form, in hexadecimal: the order of members and the spelling do not matter. */
  readonly hash: string;
  readonly listed: {
    readonly name: string;
    readonly title?: string;
    readonly description?: string;
    readonly inputSchema: JsonSchema;
    readonly request: PinnedRequest;
    readonly [part: string]: unknown;
  };
}

export const httpDefinition = (listed: HttpDefinition["listed"]): HttpDefinition => ({
  name: listed.name,
  hash: toHex(sha256Sync(utf8(canonical(listed)))),
  listed,
});

export const routeOf = (operation: string, { method, path }: PinnedRequest): HttpRoute => ({
  operation,
  method,
  path,
});

/** What matches no arguments: the schema of an operation that cannot be called. */
export const NOTHING_MATCHES: JsonSchema = { not: {} };
