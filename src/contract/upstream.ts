/** The server behind a tool of the kind `mcp` or `http`: its address, how Dome authenticates to it, what is forwarded. */
import { z } from "zod";
import { id, line, list, name, time } from "./words.ts";

/**
 * `local`: the agent calls the tool itself, and Dome only checks. `mcp` and `http`: Dome calls it, with a credential
 * of its own.
 */
export const toolKind = z.enum(["local", "mcp", "http"]);
export type ToolKind = z.output<typeof toolKind>;

/** A field name of HTTP (RFC 9110 §5.1), in lower case. */
const HEADER = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** Headers that frame a message, belong to one connection, or are Dome's: nobody adds them to a call. */
const OF_THE_DOOR: ReadonlySet<string> = new Set(
  [
    "connection expect host keep-alive te trailer transfer-encoding upgrade content-length content-encoding",
    "accept-encoding via forwarded x-forwarded-for x-forwarded-host x-forwarded-proto x-real-ip alt-svc server-timing",
  ].flatMap((row) => row.split(" ")),
);
const OF_THE_DOOR_PREFIX = /^(?:proxy-|dome-|cf-|mf-|mcp-|sec-|access-control-)/;

/**
 * Headers that let a server take a call for another one than was decided on, and headers of an answer that would take
 * effect on Dome's own origin, where every answer of a door comes from.
 */
const OF_ANOTHER_CALL: ReadonlySet<string> = new Set(
  [
    "x-http-method x-http-method-override x-method-override x-original-url x-rewrite-url",
    "location refresh clear-site-data service-worker-allowed strict-transport-security public-key-pins",
    "content-security-policy content-security-policy-report-only nel report-to reporting-endpoints accept-ch",
  ].flatMap((row) => row.split(" ")),
);

/** Headers that hold a credential, in either direction. */
const OF_A_CREDENTIAL: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "set-cookie",
  "set-cookie2",
  "www-authenticate",
  "authentication-info",
]);

const isOfTheDoor = (header: string): boolean => OF_THE_DOOR.has(header) || OF_THE_DOOR_PREFIX.test(header);

const header = z.string().regex(HEADER, "must be the name of a header, in lower case");

/** A header that passes through a door besides those that always do. */
export const forwardedHeader = header
  .refine((text) => !isOfTheDoor(text) && !OF_A_CREDENTIAL.has(text), {
    message: "must not be a header that holds a credential, belongs to one connection, or is Dome's",
  })
  .refine((text) => !OF_ANOTHER_CALL.has(text), {
    message: "must not be a header that makes another call of it, or takes effect on Dome's own origin",
  });

export const forwardHeaders = z
  .array(forwardedHeader)
  .max(20)
  .refine((names) => new Set(names).size === names.length, { message: "must not name anything twice" });

/** A header of the caller's request that is part of the context of the call. */
export const contextHeader = z
  .strictObject({
    name: forwardedHeader,
    required: z.boolean().default(false).meta({ description: "true: a call without it is denied" }),
  })
  .meta({ id: "ContextHeader" });
export type ContextHeader = z.output<typeof contextHeader>;

export const MOST_CONTEXT_HEADERS = 10;
export const contextHeaders = z
  .array(contextHeader)
  .max(MOST_CONTEXT_HEADERS)
  .refine((headers) => new Set(headers.map(({ name }) => name)).size === headers.length, {
    message: "must not name anything twice",
  });

/** A credential travels in `Authorization`, or in a header of its own; never in one that frames the message. */
const credentialHeader = header.refine(
  (text) => !isOfTheDoor(text) && !["cookie", "content-type", "accept", "range"].includes(text),
  { message: "must be a header that can hold a credential" },
);

/**
 * Each call is made for its end user: Dome gets a token of the user at the authorization server, for an assertion that
 * it signs. That server must trust Dome's keys.
 */
const upstreamUser = z
  .strictObject({
    grant: z.enum(["token_exchange", "jwt_bearer"]).meta({ description: "RFC 8693, or RFC 7523" }),
    audience: line(2048)
      .regex(/^[!-~]+$/, "must be visible ASCII without spaces")
      .nullable()
      .default(null)
      .meta({ description: "of the assertion: the authorization server's issuer; null: the token URL" }),
  })
  .meta({ id: "UpstreamUser", description: "null: every call has the credential of Dome itself" });

/**
 * How Dome authenticates to the server. The credential itself is a secret of the tool, which no answer shows.
 * `header`: the header has the secret as its whole value.
 */
export const upstreamAuth = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("none") }),
    z.strictObject({ type: z.literal("bearer") }),
    z.strictObject({
      type: z.literal("basic"),
      // RFC 7617 §2: a user name has no colon.
      username: line(256).regex(/^[!-9;-~]+$/, "must be visible ASCII without a colon"),
    }),
    z.strictObject({ type: z.literal("header"), name: credentialHeader }),
    z.strictObject({
      type: z.literal("oauth_client_credentials"),
      token_url: line(2048).meta({ description: "the token endpoint (RFC 6749 §3.2), an https URL" }),
      client_id: line(256).regex(/^[!-~]+$/, "must be visible ASCII without spaces"),
      client_auth: z
        .enum(["basic", "post"])
        .default("basic")
        .meta({ description: "where the client's secret stands (RFC 6749 §2.3.1)" }),
      scope: line(1024)
        .regex(/^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/, "must be scope tokens, with one space between")
        .nullable()
        .default(null),
      resource: line(2048)
        .refine(
          (text) => URL.canParse(text) && !text.includes("#"),
          "must be an absolute URI without a fragment",
        )
        .nullable()
        .default(null)
        .meta({ description: "what the token is for (RFC 8707); null: the URL of the tool" }),
      user: upstreamUser.nullable().default(null),
    }),
  ])
  .meta({ id: "UpstreamAuth" });
export type UpstreamAuth = z.output<typeof upstreamAuth>;

export const NO_AUTH: UpstreamAuth = { type: "none" };

/**
 * Whether each call carries a signed `Dome-Context`, and for whom. Whoever verifies it compares the audience with its
 * own name, so that no other server can use what it was sent.
 */
export const domeContext = z
  .strictObject({
    audience: z
      .string()
      .max(512)
      .regex(/^[!-~]+$/, "must be visible ASCII without spaces")
      .nullable()
      .default(null)
      .meta({ description: "null: the URL of the tool" }),
  })
  .meta({ id: "DomeContext" });
export type DomeContext = z.output<typeof domeContext>;

/** The most calls of one tool that an isolate has open at once; an entry may say fewer. */
export const MOST_CALLS = 512;
export const maxOpenCalls = z.int().min(1).max(MOST_CALLS);

/** In place of the URL of an OpenAPI document: an operator gives the document. */
export const OPENAPI_GIVEN = "given";

/** Whether Dome has what it authenticates with; never which. */
export const credentialState = z.enum(["not_needed", "missing", "kept"]);
export type CredentialState = z.output<typeof credentialState>;

/** How many secrets a tool may have: one that is replaced, and one for the next rotation. */
export const MOST_TOOL_SECRETS = 5;
const MAX_SECRET_LENGTH = 4096;

/** `POST /api/v1/tools/{name}/secrets`. */
export const toolSecretCreate = z
  .strictObject({
    value: z
      .string()
      .max(MAX_SECRET_LENGTH)
      // It stands in a header: no line may end in it (RFC 9110 §5.5).
      .regex(/^[!-~](?:[ -~]*[!-~])?$/, "must be visible ASCII, without spaces at its ends")
      .meta({ description: "kept encrypted, and in no answer" }),
  })
  .meta({ id: "ToolSecretCreate" });
export type ToolSecretCreate = z.output<typeof toolSecretCreate>;

export const toolSecret = z
  .strictObject({
    id: id("sec"),
    tool: name,
    created_at: time,
    created_by: z.string(),
    in_use: z
      .boolean()
      .meta({ description: "the newest is the one that Dome sends; none while the auth is none" }),
  })
  .meta({ id: "ToolSecret" });
export type ToolSecret = z.output<typeof toolSecret>;

export const toolSecretList = list(toolSecret).meta({ id: "ToolSecretList" });
export type ToolSecretList = z.output<typeof toolSecretList>;

export const toolSecretRemoved = z
  .strictObject({ id: id("sec"), tool: name, removed: z.literal(true) })
  .meta({ id: "ToolSecretRemoved" });
export type ToolSecretRemoved = z.output<typeof toolSecretRemoved>;
