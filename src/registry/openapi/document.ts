/**
 * The operations of an HTTP API, as an OpenAPI document of version 3.0 or 3.1 describes them.
 *
 * Whoever wrote the document is not trusted: its size and its nesting are bounded by whoever parsed it, its operations
 * here, and what an operation may cost by its schemas (`schemas.ts`). An operation that cannot be checked is kept with a
 * schema that nothing matches, so that its calls do not fall to another operation whose template is less concrete. Two
 * operations that the same call could mean make the document unusable.
 */
import { defined } from "../../kernel/defined.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { operationName } from "../../contract/resource.ts";
import { checkSchema, faultInWords } from "../argument-schema.ts";
import {
  httpDefinition,
  NOTHING_MATCHES,
  routeOf,
  type HttpDefinition,
  type PinnedRequest,
} from "../http-definition.ts";
import { HTTP_METHODS, PATH_FAULTS, routesFault, templateOf } from "../http-operations.ts";
import { isObject, type JsonSchema } from "../schema-text.ts";
import { bodiesIn } from "./bodies.ts";
import { parametersIn } from "./parameters.ts";
import { own, resolved } from "./references.ts";
import { SchemaReader, type OpenApiDocument, type OpenApiVersion } from "./schemas.ts";
import { prefixOf } from "./servers.ts";

/** More operations are not pinned. */
export const MOST_OPERATIONS = 500;
const MOST_PATHS = 2_000;
/** What people read of an operation: a longer text is cut. */
const MOST_WORDS = 2_000;
const MOST_PATH = 2_048;
const MOST_SHOWN = 200;

interface Unusable {
  readonly name: string;
  /** Worded to follow "it". */
  readonly why: string;
}

interface OpenApiListing {
  readonly tools: readonly HttpDefinition[];
  readonly unusable: readonly Unusable[];
}

interface Places {
  /** The URL of the tool. */
  readonly base: string;
  /** Where the document is; the tool's URL when an operator gave it. */
  readonly documentUrl: string;
  /** The header of Dome's own credential, in lower case: no argument of a caller is in it. Null: it has none. */
  readonly credentialHeader: string | null;
}

/** @returns an error that says in words what is wrong with the document. */
export function openApiListing(document: unknown, places: Places): Result<OpenApiListing, string> {
  if (!isObject(document)) return err("The document is no object.");
  const version = versionOf(document);
  if (version === null) return err("The document is not of OpenAPI 3.0 or 3.1: it has no such `openapi`.");
  const { paths } = document;
  if (!isObject(paths)) return err("The document has no `paths`.");
  const templates = Object.keys(paths);
  if (templates.length > MOST_PATHS) return err(`The document has more than ${MOST_PATHS} paths.`);
  const listing = new Listing({ members: document, version, weights: new WeakMap() }, places);
  for (const template of templates) {
    if (template.startsWith("x-")) continue;
    const fault = listing.addPath(template, paths[template]);
    if (fault !== undefined) return err(fault);
  }
  return listing.done();
}

function versionOf({ openapi }: JsonSchema): OpenApiVersion | null {
  const [, version] = typeof openapi === "string" ? (/^(3\.[01])\.\d{1,3}$/.exec(openapi) ?? []) : [];
  return version === "3.0" || version === "3.1" ? version : null;
}

/** An operation before it has its name: two may claim the same one. */
interface Found {
  readonly claims: string | null;
  readonly request: PinnedRequest;
  readonly inputSchema: JsonSchema;
  readonly words: { readonly title?: string; readonly description?: string };
  /** Why no call matches it; null: calls may. */
  readonly why: string | null;
}

class Listing {
  readonly #document: OpenApiDocument;
  readonly #places: Places;
  readonly #found: Found[] = [];
  readonly #unusable: Unusable[] = [];

  constructor(document: OpenApiDocument, places: Places) {
    this.#document = document;
    this.#places = places;
  }

  /** @returns why the document is of no use. */
  addPath(template: string, listed: unknown): string | undefined {
    const item = resolved(this.#document.members, listed);
    if (!item.ok) {
      this.#leaveOut(template, item.error);
      return undefined;
    }
    for (const method of methodsOf(item.value)) {
      if (this.#found.length + this.#unusable.length >= MOST_OPERATIONS)
        return `The document has more than ${MOST_OPERATIONS} operations.`;
      this.#add(template, method, item.value);
    }
    return undefined;
  }

  #add(template: string, method: Method, item: JsonSchema): void {
    const operation = own(item, method.word);
    const prefix = isObject(operation)
      ? prefixOf(own(operation, "servers") ?? own(item, "servers"), this.#places)
      : err("is no object");
    const called = `${method.as} ${template}`;
    if (!isObject(operation) || !prefix.ok) {
      this.#leaveOut(called, prefix.ok ? "is no object" : prefix.error);
      return;
    }
    const path = routable(prefix.value + template);
    if (!path.ok) {
      this.#leaveOut(called, path.error);
      return;
    }
    const { names, template: routed, hasSeveral } = path.value;
    const route = { method: method.as, path: routed };
    const unroutable = routesFault([{ operation: called, ...route }]);
    if (unroutable !== null) {
      this.#leaveOut(called, unroutable.detail);
      return;
    }
    const claimed = { claims: claimOf(operation), words: wordsOf(operation) };
    const read = method.isHeadAlone
      ? err(HEAD_ALONE)
      : hasSeveral
        ? err(SEVERAL)
        : this.#read(operation, item, names);
    if (!read.ok) {
      const request = { ...route, parameters: [], body: null, refused: read.error };
      this.#found.push({ ...claimed, request, inputSchema: NOTHING_MATCHES, why: read.error });
      return;
    }
    const { inputSchema, binding } = read.value;
    const checked = checkSchema(inputSchema);
    const why = checked.ok ? null : faultInWords(checked.error);
    this.#found.push({
      ...claimed,
      request: { ...route, ...binding, ...defined({ uncheckable: why ?? undefined }) },
      inputSchema: checked.ok ? inputSchema : NOTHING_MATCHES,
      why,
    });
  }

  #read(operation: JsonSchema, item: JsonSchema, names: readonly string[]) {
    const reader = new SchemaReader(this.#document);
    const lists = [own(item, "parameters"), own(operation, "parameters")];
    const parameters = parametersIn(this.#document, reader, lists, {
      path: names,
      credentialHeader: this.#places.credentialHeader,
    });
    if (!parameters.ok) return parameters;
    const bodies = bodiesIn(this.#document, reader, own(operation, "requestBody"));
    if (!bodies.ok) return bodies;
    const { path, query, header } = parameters.value.schemas;
    const { properties, oneOf, body } = bodies.value;
    const required = ["path", "query", "header", ...(oneOf.length === 1 ? oneOf : [])];
    const definitions = reader.definitions();
    if (reader.fault !== null) return err(reader.fault);
    const inputSchema: JsonSchema = {
      type: "object",
      properties: { path, query, header, additional_query: { type: "object" }, ...properties },
      required,
      additionalProperties: false,
      ...defined({
        anyOf: oneOf.length > 1 ? oneOf.map((member) => ({ required: [member] })) : undefined,
        $defs: Object.keys(definitions).length === 0 ? undefined : definitions,
      }),
    };
    return ok({ inputSchema, binding: { parameters: parameters.value.parameters, body } });
  }

  #leaveOut(name: string, why: string): void {
    this.#unusable.push({ name: name.slice(0, MOST_SHOWN), why });
  }

  done(): Result<OpenApiListing, string> {
    const claims = Map.groupBy(this.#found, ({ claims }) => claims);
    const named = this.#found.map((found) => ({
      found,
      name:
        found.claims !== null && claims.get(found.claims)?.length === 1
          ? found.claims
          : `${found.request.method} ${found.request.path}`,
    }));
    const fault = routesFault(named.map(({ name, found }) => routeOf(name, found.request)));
    if (fault !== null) return err(`The document is ambiguous: ${fault.operation} ${fault.detail}.`);
    const tools: HttpDefinition[] = [];
    for (const { name, found } of named) {
      if (found.why !== null) this.#leaveOut(name, found.why);
      if (operationName.safeParse(name).success) {
        tools.push(
          httpDefinition({ name, ...found.words, inputSchema: found.inputSchema, request: found.request }),
        );
      } else if (found.why === null)
        this.#leaveOut(name, "has a path of more characters than an operation's name");
    }
    return ok({ tools, unusable: this.#unusable });
  }
}

interface Method {
  /** As the document has it. */
  readonly word: string;
  /** As it is decided on. */
  readonly as: string;
  readonly isHeadAlone: boolean;
}

/** HEAD is decided as GET (RFC 9110 §9.3.2), OPTIONS is answered by Dome, TRACE is not forwarded. */
function methodsOf(item: JsonSchema): readonly Method[] {
  const methods = HTTP_METHODS.filter((method) => Object.hasOwn(item, method.toLowerCase())).map(
    (method) => ({
      word: method.toLowerCase(),
      as: method,
      isHeadAlone: false,
    }),
  );
  const isHeadAlone = Object.hasOwn(item, "head") && !Object.hasOwn(item, "get");
  return isHeadAlone ? [...methods, { word: "head", as: "GET", isHeadAlone }] : methods;
}

/** The template in the form that the trie takes, with its parameters; several in a segment are as one. */
function routable(
  path: string,
): Result<
  { readonly template: string; readonly names: readonly string[]; readonly hasSeveral: boolean },
  string
> {
  if (!path.startsWith("/") || path.length > MOST_PATH)
    return err("has a path without a slash at its start, or a too long one");
  const names: string[] = [];
  let several = 0;
  const segments = path.split("/").map((segment) => {
    const [, before = "", inner, after = ""] = /^([^{]*)\{(.*)\}([^}]*)$/s.exec(segment) ?? [];
    if (inner === undefined) return segment;
    if (/^[\w.-]+$/.test(inner)) {
      names.push(inner);
      return segment;
    }
    several += 1;
    return `${before}{several.${several}}${after}`;
  });
  const template = templateOf(segments.join("/"));
  return template.ok
    ? ok({ template: template.value, names, hasSeveral: several > 0 })
    : err(`has a path that ${PATH_FAULTS[template.error]}`);
}

const HEAD_ALONE = "is a HEAD without a GET, and HEAD is decided as GET";
const SEVERAL = "has more than one {parameter} in a segment of its path";

const claimOf = ({ operationId }: JsonSchema): string | null =>
  typeof operationId === "string" && /^[A-Za-z0-9_.-]{1,128}$/.test(operationId) ? operationId : null;

const wordsOf = ({ summary, description }: JsonSchema): Found["words"] =>
  defined({ title: startOf(summary), description: startOf(description) });

const startOf = (words: unknown): string | undefined =>
  typeof words === "string" ? words.slice(0, MOST_WORDS) : undefined;
