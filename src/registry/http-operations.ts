/**
 * The operations of an HTTP tool, `METHOD /template`, and the one that a path means.
 *
 * A path is split at `/` first, and each segment is decoded once; what other servers read differently is refused. A
 * literal segment goes before a pattern, segment by segment from the left, and the path before the method: `DELETE
 * /pets/mine` does not fall through to `DELETE /pets/{id}`. A look-up visits each node of the trie at most once.
 */
import { oncePer } from "../kernel/once-per.ts";
import { err, ok, type Result } from "../kernel/result.ts";

type PathFault =
  "bad_escape" | "encoded_separator" | "control_character" | "dot_segment" | "empty_segment" | "parameters";

export const PATH_FAULTS: Readonly<Record<PathFault, string>> = {
  bad_escape: "has an escape that is not a character in UTF-8",
  encoded_separator: "has an encoded slash or backslash in a segment",
  control_character: "has a control character",
  dot_segment: "has a segment of dots",
  empty_segment: "has an empty segment",
  parameters: "has a `;`, which servers read differently",
};

/**
 * The decoded segments of a path; a slash at the end is an empty last segment.
 * @param path empty, or from the first slash on, with its escapes.
 */
export function segmentsOf(path: string): Result<readonly string[], PathFault> {
  if (path === "" || path === "/") return ok([]);
  const segments: string[] = [];
  const raw = path.slice(1).split("/");
  for (const [at, text] of raw.entries()) {
    const segment = decoded(text);
    if (segment === undefined) return err("bad_escape");
    if (segment === "" && at < raw.length - 1) return err("empty_segment");
    const fault = segmentFault(segment);
    if (fault !== undefined) return err(fault);
    segments.push(segment);
  }
  return ok(segments);
}

function segmentFault(segment: string): PathFault | undefined {
  if (/[/\\]/.test(segment)) return "encoded_separator";
  // oxlint-disable-next-line no-control-regex -- it is what is looked for
  if (/[\u0000-\u001f\u007f]/.test(segment)) return "control_character";
  if (segment === "." || segment === "..") return "dot_segment";
  return segment.includes(";") ? "parameters" : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // a URIError: a % that encodes nothing
  }
}

/** One spelling of a path, in the characters of an operation's name. */
const pathNamed = (segments: readonly string[], kept: RegExp): string =>
  `/${segments.map((segment) => segment.replaceAll(kept, (char) => percentEncoded(char))).join("/")}`;
const OF_A_NAME = /[^A-Za-z0-9._~!$()*+,:@-]+/gu;
const OF_A_TEMPLATE = /[^A-Za-z0-9._~!$()*+,:@{}-]+/gu;

const percentEncoded = (text: string): string =>
  Array.from(
    new TextEncoder().encode(text),
    (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
  ).join("");

/** What a call is named that no template matches. */
export const operationNamed = (method: string, segments: readonly string[]): string =>
  `${method} ${pathNamed(segments, OF_A_NAME)}`;

/** Where an operation is called. */
export interface HttpRoute {
  readonly operation: string;
  /** Upper-case; HEAD is decided as GET. */
  readonly method: string;
  /** A template, with the characters of an operation's name. */
  readonly path: string;
}

/** The route that the name of an operation says; null when the name is no `METHOD /template`. */
export function routeNamed(operation: string): HttpRoute | null {
  const [, method, path] = /^([A-Z]+) (\/.*)$/.exec(operation) ?? [];
  return method === undefined || path === undefined ? null : { operation, method, path };
}

/** A template in its one spelling, or what is wrong with it. */
export function templateOf(path: string): Result<string, PathFault> {
  const segments = segmentsOf(path);
  return segments.ok ? ok(pathNamed(segments.value, OF_A_TEMPLATE)) : segments;
}

interface Node {
  readonly literals: Map<string, Node>;
  /** The longest text around the parameter first. */
  readonly patterns: { readonly before: string; readonly after: string; readonly node: Node }[];
  /** By method. */
  readonly operations: Map<string, { readonly operation: string; readonly names: readonly string[] }>;
}

const newNode = (): Node => ({ literals: new Map(), patterns: [], operations: new Map() });

interface MatchedOperation {
  readonly operation: string;
  /** The decoded values of its parameters. */
  readonly params: Readonly<Record<string, string>>;
}

interface OperationFault {
  readonly operation: string;
  /** Worded to follow the operation. */
  readonly detail: string;
}

export const HTTP_METHODS: readonly string[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const ONE_OF_THEM = `must be ${HTTP_METHODS.join(", ")} and a path, as in GET /tickets/{id}`;

/** @returns what is wrong with the names of an HTTP tool's operations; null: all of them can be called. */
export function operationsFault(operations: readonly string[]): OperationFault | null {
  const routes: HttpRoute[] = [];
  for (const operation of operations) {
    const route = routeNamed(operation);
    if (route === null) return { operation, detail: ONE_OF_THEM };
    routes.push(route);
  }
  return routesFault(routes);
}

/** @returns what is wrong with routes that stand beside each other; null: every call means at most one of them. */
export function routesFault(routes: readonly HttpRoute[]): OperationFault | null {
  const root = newNode();
  for (const route of routes) {
    const detail = insert(root, route);
    if (detail !== undefined) return { operation: route.operation, detail };
  }
  return null;
}

const trieOf = oncePer((routes: readonly HttpRoute[]): Node => {
  const root = newNode();
  for (const route of routes) insert(root, route);
  return root;
});

/**
 * @param routes of a tool; the same list is compiled once. A route that the trie cannot take is left out: it was stored
 * before a newer rule, or an earlier route of the list stands in its place.
 */
export function matchOperation(
  routes: readonly HttpRoute[],
  method: string,
  segments: readonly string[],
): MatchedOperation | null {
  const values: string[] = [];
  const leaf = find(trieOf(routes), segments, 0, values);
  const found = leaf?.operations.get(method);
  if (found === undefined) return null;
  return {
    operation: found.operation,
    params: Object.fromEntries(found.names.map((name, at) => [name, values[at] ?? ""])),
  };
}

function find(node: Node, segments: readonly string[], at: number, values: string[]): Node | undefined {
  const segment = segments[at];
  if (segment === undefined) return node.operations.size === 0 ? undefined : node;
  const literal = node.literals.get(segment);
  const exact = literal === undefined ? undefined : find(literal, segments, at + 1, values);
  if (exact !== undefined) return exact;
  for (const { before, after, node: next } of node.patterns) {
    const fits =
      segment.length > before.length + after.length && segment.startsWith(before) && segment.endsWith(after);
    if (!fits) continue;
    values.push(segment.slice(before.length, segment.length - after.length));
    const found = find(next, segments, at + 1, values);
    if (found !== undefined) return found;
    values.pop();
  }
  return undefined;
}

/** @returns why the route cannot be inserted; nothing is inserted then that a call could match. */
function insert(root: Node, { operation, method, path }: HttpRoute): string | undefined {
  if (method === "HEAD") return "is decided as GET: leave it out";
  if (!HTTP_METHODS.includes(method)) return ONE_OF_THEM;
  const segments = segmentsOf(path);
  if (!segments.ok) return PATH_FAULTS[segments.error];
  if (pathNamed(segments.value, OF_A_TEMPLATE) !== path)
    return "must spell its path without needless escapes";
  const names: string[] = [];
  let node = root;
  for (const segment of segments.value) {
    const parts = /^([^{}]*)(?:\{([A-Za-z0-9_.-]+)\}([^{}]*))?$/.exec(segment);
    if (parts === null) return "must have at most one {parameter} in a segment";
    const [, before = "", name, after = ""] = parts;
    if (name !== undefined && names.includes(name)) return `names {${name}} twice`;
    if (name !== undefined) names.push(name);
    if (name === undefined) node = literalAt(node, before);
    else {
      const next = patternAt(node, before, after);
      if (next === undefined)
        return `has the segment ${segment}, which overlaps with one that is no less concrete`;
      node = next;
    }
  }
  const same = node.operations.get(method);
  if (same !== undefined) return `matches the same paths as ${same.operation}`;
  node.operations.set(method, { operation, names });
  return undefined;
}

function literalAt(node: Node, segment: string): Node {
  const known = node.literals.get(segment) ?? newNode();
  node.literals.set(segment, known);
  return known;
}

/** @returns undefined for a pattern that some segment matches as well as another one, with neither more concrete. */
function patternAt({ patterns }: Node, before: string, after: string): Node | undefined {
  const known = patterns.find((each) => each.before === before && each.after === after);
  if (known !== undefined) return known.node;
  if (patterns.some((each) => overlap(each, { before, after }))) return undefined;
  const node = newNode();
  patterns.push({ before, after, node });
  patterns.sort((a, b) => b.before.length + b.after.length - (a.before.length + a.after.length));
  return node;
}

interface Pattern {
  readonly before: string;
  readonly after: string;
}

/** `{id}.json` and `report.{type}` both match `report.json`; `{id}.json` and `{id}` do too, but one is more concrete. */
function overlap(one: Pattern, other: Pattern): boolean {
  const isLonger = {
    before: one.before.length - other.before.length,
    after: one.after.length - other.after.length,
  };
  const meet =
    (isLonger.before > 0 ? one.before.startsWith(other.before) : other.before.startsWith(one.before)) &&
    (isLonger.after > 0 ? one.after.endsWith(other.after) : other.after.endsWith(one.after));
  return meet && isLonger.before * isLonger.after < 0;
}
