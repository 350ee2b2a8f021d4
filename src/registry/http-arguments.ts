/**
 * The arguments of a call of an HTTP API, gathered from the call itself as the pinned definition says. What is gathered
 * is what the server reads: a name that is there twice, a parameter that nobody declared, or a text that servers read in
 * different ways is a fault, and never one of its readings.
 */
import { defined } from "../kernel/defined.ts";
import { escapedStep } from "../kernel/json-pointer.ts";
import type { ArgumentFault } from "./argument-schema.ts";
import { expected } from "./expectations.ts";
import type { BodyKind, HttpBinding, HttpParameter, PinnedRequest, TextForm } from "./http-definition.ts";
import { memberTypes, NoValue, scalarOf, valueOf } from "./http-values.ts";
import { partsOf } from "./multipart.ts";

interface Gathered {
  /** What could be gathered. */
  readonly args: Readonly<Record<string, unknown>>;
  /** Null: everything could. */
  readonly fault: ArgumentFault | null;
}

export interface HttpCall {
  /** The values of the template's parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** The path with its escapes. */
  readonly path: string;
  /** Without its `?`. */
  readonly query: string;
  readonly headers: Headers;
  readonly body: CallBody;
  /** Whether a parameter that the definition does not have may be in the query. */
  readonly additionalQuery: boolean;
}

export type CallBody =
  | { readonly kind: "none" }
  | { readonly kind: "json"; readonly type: string | null; readonly value: unknown; readonly length: number }
  | {
      readonly kind: "bytes";
      readonly type: string | null;
      readonly contentType: string;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: "stream"; readonly type: string | null; readonly length: number | null };

/** How a body of this type is decided on; null: the operation takes no body of it. */
export function bodyKind({ body }: HttpBinding, type: string | null): BodyKind | null {
  if (body === null) return null;
  const [main = ""] = (type ?? "").split("/");
  for (const name of [type ?? "", `${main}/*`, "*/*"]) {
    if (Object.hasOwn(body.types, name)) return body.types[name] ?? null;
  }
  return null;
}

export function gather(request: PinnedRequest, call: HttpCall): Gathered {
  const gathering = new Gathering();
  const of = (place: HttpParameter["in"]) => request.parameters.filter((each) => each.in === place);
  gathering.path(of("path"), call);
  gathering.query(of("query"), call);
  gathering.headers(of("header"), call.headers);
  gathering.body(request, call.body);
  return gathering;
}

type Members = Record<string, unknown>;

class Gathering implements Gathered {
  readonly args: Members = {};
  fault: ArgumentFault | null = null;

  /** The first fault is kept. */
  refuse(pointer: string, keyword: string): void {
    this.fault ??= { pointer, keyword, expected: expected(keyword) };
  }

  path(parameters: readonly HttpParameter[], { params, path }: HttpCall): void {
    const values = parameters.map((parameter): [string, unknown] => {
      const text = params[parameter.name] ?? "";
      // The parameter is decoded already. An escaped comma in it cannot be told from one that stands between values.
      const isSplit = parameter.form === "list" || parameter.form === "object";
      if (isSplit && /%2C|%3D/i.test(path)) this.refuse(`/path/${escapedStep(parameter.name)}`, "style");
      return [
        parameter.name,
        this.#value(`/path/${escapedStep(parameter.name)}`, valueOf(text, parameter, asItIs)),
      ];
    });
    this.args["path"] = Object.fromEntries(values);
  }

  query(parameters: readonly HttpParameter[], { query, additionalQuery }: HttpCall): void {
    const raw = this.#byName(query, "/query");
    const found: [string, unknown][] = [];
    for (const parameter of parameters) {
      const pointer = `/query/${escapedStep(parameter.name)}`;
      const isSpread = parameter.form === "object" && (parameter.explode || parameter.style === "deepObject");
      const value = isSpread ? this.#spread(parameter, raw, pointer) : this.#one(parameter, raw, pointer);
      if (value !== undefined) found.push([parameter.name, value]);
    }
    this.args["query"] = Object.fromEntries(found);
    if (raw.size === 0) return;
    if (!additionalQuery) this.refuse("/query", "additionalProperties");
    this.args["additional_query"] = Object.fromEntries(
      [...raw].map(([name, values]) => [name, this.#values(A_TEXT, values, "/additional_query", inQuery)]),
    );
  }

  /** The values of each name, with their escapes. */
  #byName(text: string, pointer: string): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const [name, value] of pairsOf(text)) {
      const decoded = inQuery(name);
      // HTML, "form submission": a field of this name says how the others are encoded.
      if (decoded === undefined || decoded === "_charset_") this.refuse(pointer, "escape");
      else {
        const before = found.get(decoded);
        if (before === undefined) found.set(decoded, [value]);
        else before.push(value);
      }
    }
    return found;
  }

  /** A parameter under its own name; it is taken out of `raw`. */
  #one(parameter: HttpParameter, raw: Map<string, string[]>, pointer: string): unknown {
    const values = raw.get(parameter.name);
    raw.delete(parameter.name);
    return values === undefined ? undefined : this.#values(parameter, values, pointer, inQuery);
  }

  #values(form: TextForm, values: readonly string[], pointer: string, decode: typeof inQuery): unknown {
    if (form.form === "list" && form.explode) {
      const each: TextForm = { ...form, form: "value" };
      return values.map((value, at) => this.#value(`${pointer}/${at}`, valueOf(value, each, decode)));
    }
    if (values.length > 1) this.refuse(pointer, "repeated");
    return this.#value(pointer, valueOf(values[0] ?? "", form, decode));
  }

  /** An object whose members are parameters of the query: `R=100&G=200`, or `color[R]=100&color[G]=200`. */
  #spread(
    { name, style, members = {} }: HttpParameter,
    raw: Map<string, string[]>,
    pointer: string,
  ): unknown {
    const found: [string, unknown][] = [];
    for (const member of Object.keys(members)) {
      const key = style === "deepObject" ? `${name}[${member}]` : member;
      const values = raw.get(key);
      if (values === undefined) continue;
      raw.delete(key);
      const at = `${pointer}/${escapedStep(member)}`;
      if (values.length > 1) this.refuse(at, "repeated");
      const text = inQuery(values[0] ?? "");
      if (text === undefined) this.refuse(at, "escape");
      found.push([member, scalarOf(text ?? "", memberTypes(members, member))]);
    }
    return found.length === 0 ? undefined : Object.fromEntries(found);
  }

  headers(parameters: readonly HttpParameter[], headers: Headers): void {
    const found = parameters.flatMap((parameter): [string, unknown][] => {
      const text = headers.get(parameter.name);
      if (text === null) return [];
      const trim =
        parameter.form === "list"
          ? text
              .split(",")
              .map((each) => each.trim())
              .join(",")
          : text;
      return [
        [
          parameter.name,
          this.#value(`/header/${escapedStep(parameter.name)}`, valueOf(trim, parameter, asItIs)),
        ],
      ];
    });
    this.args["header"] = Object.fromEntries(found);
  }

  body(request: PinnedRequest, body: CallBody): void {
    if (body.kind === "none") return;
    const kind = bodyKind(request, body.type);
    if (kind === null) {
      this.refuse("/content/type", request.body === null ? "noBody" : "contentType");
    } else if (kind === "json" && body.kind === "json") {
      this.args["body"] = body.value;
    } else if (kind === "form" && body.kind === "bytes") {
      this.args["form"] = this.#form(request, body.bytes);
    } else if (kind === "parts" && body.kind === "bytes") {
      this.args["parts"] = this.#parts(request, body);
    } else if (kind === "stream") {
      const length = body.kind === "bytes" ? body.bytes.length : body.length;
      this.args["content"] = { type: body.type ?? "", length };
    } else this.refuse("/content/type", "contentType");
  }

  #form({ body }: PinnedRequest, bytes: Uint8Array): Members {
    const fields = body?.fields ?? {};
    const text = asciiOf(bytes);
    if (text === undefined || text.includes(";")) {
      this.refuse("/form", "escape");
      return {};
    }
    return Object.fromEntries(
      [...this.#byName(text, "/form")].map(([name, values]) => {
        const { form, pointer } = declared(fields, name, "/form");
        return [name, this.#values(form, values, pointer, inQuery)];
      }),
    );
  }

  #parts({ body }: PinnedRequest, { bytes, contentType }: Extract<CallBody, { kind: "bytes" }>): Members {
    const read = partsOf(bytes, contentType);
    if (!read.ok) {
      this.refuse("/parts", read.error);
      return {};
    }
    const forms = body?.parts ?? {};
    const found = Map.groupBy(read.value, ({ name }) => name);
    return Object.fromEntries(
      [...found].map(([name, parts]): [string, unknown] => {
        const { form, pointer } = declared(forms, name, "/parts");
        if (name === "_charset_") this.refuse(pointer, "escape");
        const shown = parts.map(({ type, size, filename, text }) => ({
          type,
          size,
          ...defined({
            filename: filename ?? undefined,
            value: text === null ? undefined : this.#partValue(form, text, type, pointer),
          }),
        }));
        if (form.form === "list") return [name, shown];
        if (shown.length > 1) this.refuse(pointer, "repeated");
        return [name, shown[0]];
      }),
    );
  }

  #partValue(form: TextForm, text: string, type: string, pointer: string): unknown {
    const isJson = form.form === "json" || /^application\/(?:json|[\w.+-]+\+json)$/.test(type);
    return isJson
      ? this.#value(pointer, valueOf(text, { ...form, form: "json" }, asItIs))
      : scalarOf(text, form.types);
  }

  #value(pointer: string, value: unknown): unknown {
    if (!(value instanceof NoValue)) return value;
    this.refuse(pointer, value.keyword);
    return null;
  }
}

const A_TEXT: TextForm = { form: "value", types: ["string"], style: "form", explode: true };

/** How a field is read, and its place. The name of one that nobody declared is the caller's, and not repeated (P4). */
const declared = (forms: Readonly<Record<string, TextForm>>, name: string, place: string) =>
  Object.hasOwn(forms, name)
    ? { form: forms[name] ?? A_TEXT, pointer: `${place}/${escapedStep(name)}` }
    : { form: A_TEXT, pointer: place };

const asItIs = (raw: string): string => raw;

/** The pairs of a query or a form (URL standard §5.1), with their escapes. */
const pairsOf = (text: string): readonly (readonly [name: string, value: string])[] =>
  text
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const at = pair.indexOf("=");
      return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
    });

/** URL standard §5.1, strictly: an escape that is no character is a fault. */
function inQuery(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw.replaceAll("+", " "));
  } catch {
    return undefined; // always a URIError
  }
}

/** A form is ASCII, since everything else in it is escaped. */
function asciiOf(bytes: Uint8Array): string | undefined {
  if (bytes.some((byte) => byte > 0x7e || byte < 0x20)) return undefined;
  return new TextDecoder().decode(bytes);
}
