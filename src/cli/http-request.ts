/**
 * Builds the HTTP request of a tool's operation from its arguments: the inverse of what the door does, which gathers the
 * arguments from the request. They have the members that a decision is made on: path, query, header, body, form, parts.
 */
import { defined } from "../kernel/defined.ts";
import type { PinnedRequest } from "../contract/pinned-request.ts";
import { usage } from "./exit.ts";

export interface BuiltRequest {
  readonly method: string;
  /** Under the tool's door, from the first slash on; empty: the door itself. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | FormData | null;
}

export type CallArguments = Readonly<Record<string, unknown>>;
type Members = Readonly<Record<string, unknown>>;
type Form = Pick<PinnedRequest["parameters"][number], "form" | "style" | "explode">;

const MEMBERS = ["path", "query", "header", "body", "form", "parts"];
const TEXT: Form = { form: "value", style: "form", explode: true };

/** An operation that no document describes: its arguments stand as they are. */
export function undescribedRequest(operation: string): PinnedRequest | null {
  const [, method, path] = /^([A-Z]+) (\/.*)$/.exec(operation) ?? [];
  if (method === undefined || path === undefined) return null;
  const types = { "application/json": "json", "application/x-www-form-urlencoded": "form" } as const;
  return { method, path, parameters: [], body: { types, fields: {}, parts: {} } };
}

/** @throws CommandFailure (exit 2) for arguments that the request has no place for. */
export function buildRequest(request: PinnedRequest, args: CallArguments): BuiltRequest {
  const odd = Object.keys(args).find((name) => !MEMBERS.includes(name));
  if (odd !== undefined) {
    throw usage(`the arguments have a member "${odd}"; they have ${MEMBERS.join(", ")}`, EXAMPLE);
  }
  const formOf = (place: "path" | "query" | "header", name: string): Form =>
    request.parameters.find((each) => each.in === place && each.name === name) ?? TEXT;
  const query = Object.entries(membersOf(args, "query")).flatMap(([name, value]) =>
    pairsOf(name, value, formOf("query", name)),
  );
  const headers = Object.entries(membersOf(args, "header")).map(
    ([name, value]) => [name, joined(value, formOf("header", name), (text) => text)] as const,
  );
  const { type, body } = bodyOf(request, args);
  const path = pathOf(request.path, membersOf(args, "path"), (name) => formOf("path", name));
  return {
    method: request.method,
    path: query.length === 0 ? path : `${path}?${query.join("&")}`,
    headers: { ...Object.fromEntries(headers), ...defined({ "content-type": type ?? undefined }) },
    body,
  };
}

const EXAMPLE = `--args '{"path":{"id":7},"query":{"limit":5}}'`;

function membersOf(args: CallArguments, name: string): Members {
  const value = args[name] ?? {};
  if (typeof value !== "object" || Array.isArray(value)) throw usage(`"${name}" must be an object`, EXAMPLE);
  return value as Members;
}

function pathOf(template: string, values: Members, formOf: (name: string) => Form): string {
  const used = new Set<string>();
  const path = template.replaceAll(/\{([^{}]+)\}/g, (_whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw usage(`"path" needs a value for ${name}`, EXAMPLE);
    used.add(name);
    const text = joined(value, formOf(name), encodeURIComponent);
    if (text === "" || text === "." || text === "..") throw usage(`"${text}" is no value for ${name}`);
    return text;
  });
  const unused = Object.keys(values).find((name) => !used.has(name));
  if (unused !== undefined) throw usage(`the path has no parameter ${unused}: ${template}`);
  return path;
}

/** One text, as the style of a parameter writes it. */
function joined(value: unknown, { form, style, explode }: Form, encode: (text: string) => string): string {
  if (form === "json") return encode(JSON.stringify(value));
  if (Array.isArray(value)) return value.map((each) => encode(textOf(each))).join(SEPARATOR[style]);
  if (typeof value !== "object" || value === null) return encode(textOf(value));
  const pairs = Object.entries(value).map(([name, each]) => [encode(name), encode(textOf(each))]);
  return pairs.map((pair) => pair.join(explode ? "=" : ",")).join(",");
}

const SEPARATOR: Readonly<Record<Form["style"], string>> = {
  simple: ",",
  form: ",",
  deepObject: ",",
  spaceDelimited: "%20",
  pipeDelimited: "%7C",
};

/** The parameters of a query or a form that one value makes. */
function pairsOf(name: string, value: unknown, how: Form): string[] {
  const pair = (key: string, text: string): string => `${encodeURIComponent(key)}=${text}`;
  const encoded = (each: unknown): string => encodeURIComponent(textOf(each));
  if (how.form !== "json" && Array.isArray(value) && how.explode)
    return value.map((each) => pair(name, encoded(each)));
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (how.form === "object" && isObject && (how.explode || how.style === "deepObject")) {
    return Object.entries(value).map(([member, each]) =>
      pair(how.style === "deepObject" ? `${name}[${member}]` : member, encoded(each)),
    );
  }
  return [pair(name, joined(value, how, encodeURIComponent))];
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function bodyOf(
  { body }: PinnedRequest,
  args: CallArguments,
): { readonly type: string | null; readonly body: BuiltRequest["body"] } {
  const given = ["body", "form", "parts"].filter((name) => args[name] !== undefined);
  if (given.length > 1) throw usage(`a call has one body, and the arguments have ${given.join(" and ")}`);
  const typeOf = (kind: "json" | "form"): string | undefined =>
    Object.entries(body?.types ?? {}).find(([, each]) => each === kind)?.[0];
  switch (given[0]) {
    case "body":
      return { type: typeOf("json") ?? "application/json", body: JSON.stringify(args["body"]) };
    case "form": {
      const pairs = Object.entries(membersOf(args, "form")).flatMap(([name, value]) =>
        pairsOf(name, value, body?.fields[name] ?? TEXT),
      );
      return { type: "application/x-www-form-urlencoded", body: pairs.join("&") };
    }
    case "parts": {
      const form = new FormData();
      for (const [name, value] of Object.entries(membersOf(args, "parts"))) {
        const texts = Array.isArray(value) && body?.parts[name]?.form === "list" ? value : [value];
        for (const each of texts) form.append(name, textOf(each));
      }
      return { type: null, body: form };
    }
    default:
      return { type: null, body: null };
  }
}
