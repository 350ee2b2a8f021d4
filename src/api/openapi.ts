/** The OpenAPI 3.1 document, generated from the declarations that also mount, authenticate and validate the routes. */
import { defined } from "../kernel/defined.ts";
import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from "@asteasolutions/zod-to-openapi";
import { z } from "zod";
import type { Door, Route } from "./route.ts";

const SECURITY: Readonly<Record<Door["by"], RouteConfig["security"]>> = {
  anyone: [],
  operator: [{ operator: [] }],
  agent: [{ agent: [] }],
  either: [{ operator: [] }, { agent: [] }],
  client: [{ client: [] }, { agent: [] }],
};

const REPEATABLE_HEADERS = z.object({
  "Idempotency-Key": z
    .string()
    .regex(/^[!-~]{1,255}$/)
    .optional()
    .meta({
      description: "1 to 255 visible ASCII characters: a repeat under the same key has no second effect",
    }),
});

const CHANGE_HEADERS = REPEATABLE_HEADERS.extend({
  "If-Match": z
    .string()
    .optional()
    .meta({ description: "the ETag of what was read, a list of them, or *; anything else there is 412" }),
});

const MUTATING = new Set(["post", "put", "patch", "delete"]);

/** Generated once, because it is expensive and needs no authentication. */
let made: { readonly issuer: string; readonly document: object } | null = null;

/** @param issuer the public URL, which is the document's only server. */
export function openApiDocument(issuer: string, routes: readonly Route[]): object {
  if (made?.issuer !== issuer) made = { issuer, document: generate(issuer, routes) };
  return made.document;
}

function generate(issuer: string, routes: readonly Route[]): object {
  const registry = new OpenAPIRegistry();
  registry.registerComponent("securitySchemes", "operator", {
    type: "http",
    scheme: "bearer",
    description: "An operator token, dome_ot_…",
  });
  registry.registerComponent("securitySchemes", "agent", {
    type: "http",
    scheme: "bearer",
    description: "A call token (JWT), or an agent's API key, dome_at_…",
  });
  registry.registerComponent("securitySchemes", "client", {
    type: "http",
    scheme: "basic",
    description: "agt_… and dome_at_…",
  });
  for (const route of routes) registry.registerPath(pathOf(route));
  const document = new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: "3.1.0",
    info: {
      title: "Dome",
      version: "1",
      description: "Agent registry and gateway. Problems are RFC 9457; lists are {items, next_cursor}.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: issuer }],
  });
  return portable(document);
}

function pathOf(route: Route): RouteConfig {
  const {
    method,
    path,
    operationId,
    summary,
    tag,
    door,
    params,
    query,
    body,
    form,
    answers,
    dialect,
    conditional,
    forwards,
  } = route;
  const repeatable = MUTATING.has(method) && door.by === "operator";
  return {
    method,
    path,
    operationId,
    summary,
    tags: [tag],
    security: securityOf(door),
    ...defined({ "x-dome-permission": "permission" in door ? (door.permission ?? undefined) : undefined }),
    request: defined({
      params,
      query,
      headers: repeatable ? (conditional === true ? CHANGE_HEADERS : REPEATABLE_HEADERS) : undefined,
      body: forwards === true && method !== "get" ? ANY_BODY : bodyOf(body, form),
    }),
    responses: {
      ...Object.fromEntries(
        answers.map((answer) => [
          answer.status,
          {
            description: answer.description,
            ...defined({ content: answer.schema && contentOf(answer.schema, answer.mediaType) }),
          },
        ]),
      ),
      default: dialect.documented,
    },
  };
}

function bodyOf(body: Route["body"], form: Route["form"]) {
  if (body !== undefined) return { content: contentOf(body, "application/json") };
  return form && { content: contentOf(form, "application/x-www-form-urlencoded") };
}

/** Of a door that forwards. */
const ANY_BODY = {
  content: { "*/*": { schema: z.unknown().meta({ description: "as the server takes it" }) } },
};

const contentOf = (schema: z.ZodType, mediaType = "application/json") => ({ [mediaType]: { schema } });

/** The credentials that a door accepts. A client's door with a permission accepts operators too. */
function securityOf(door: Door): NonNullable<RouteConfig["security"]> {
  const operators = door.by === "client" && door.permission !== null ? [{ operator: [] }] : [];
  return [...(SECURITY[door.by] ?? []), ...operators];
}

/**
 * JSON Schema takes the source of a regular expression (ECMA-262), and many generators understand only the part that
 * all languages share. zod's generator appends the flags to the source as if they were part of it.
 * @throws Error for an expression that cannot be written without flags, because the document would be wrong.
 */
function portablePattern(pattern: string): string {
  const [, source = pattern, flags = ""] = /^(.*\$)\/([a-z]+)$/s.exec(pattern) ?? [];
  const plain = source.replaceAll("\\p{Cc}", "\\u0000-\\u001f\\u007f-\\u009f");
  if (!/^u?$/.test(flags) || /\\[pP]\{/.test(plain))
    throw new Error(`no portable form of the pattern ${pattern}`);
  return plain;
}

const portable = (document: object): object =>
  JSON.parse(JSON.stringify(document), (name, value: unknown) =>
    name === "pattern" && typeof value === "string" ? portablePattern(value) : value,
  ) as object;
