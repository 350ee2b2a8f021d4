/** Checks what an operator says about the server behind a tool, when the tool is added and at every change. */
import type { Egress } from "../../egress/egress.ts";
import { LONGEST_MCP_TOOL, LONGEST_MODEL_NAME } from "../../contract/model-name.ts";
import { MOST_CALLS, OPENAPI_GIVEN } from "../../contract/upstream.ts";
import { operationsFault } from "../../registry/http-operations.ts";
import { compileRedaction } from "../../registry/redaction/rules.ts";
import { destinationOf } from "../../registry/tool-secrets.ts";
import type { catalogTools } from "../../storage/tables/catalog.ts";
import { memberRefusal, type Refusal } from "../answer/refusal.ts";
import { wrongAddress } from "./addresses.ts";

type Row = typeof catalogTools.$inferSelect;

export interface UpstreamRules {
  readonly egress: Egress;
  /** The public URL of this installation. */
  readonly issuer: string;
}

const PAGE = "docs/tools.md";

/**
 * The path that every call begins with. It has one spelling, so that Dome sends what it has decided on: no escapes, no
 * empty or dot segments, no parameters after `;`.
 */
const BASE_PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~!$&'()*+,=:@-]+)*\/?$/;

/**
 * @param before the tool before the change; null when it is added.
 * @returns undefined when the tool is acceptable.
 */
export function refusedUpstream(after: Row, before: Row | null, rules: UpstreamRules): Refusal | undefined {
  const { kind, name, url, auth, forwardHeaders, domeContext, contextHeaders } = after;
  if (kind === "local") {
    const odd = [
      url === null ? null : "url",
      auth.type === "none" ? null : "auth",
      forwardHeaders.length === 0 ? null : "forward_headers",
      domeContext === null ? null : "dome_context",
      contextHeaders.length === 0 ? null : "context_headers",
      after.redactPaths.length === 0 ? null : "redact_paths",
      after.redactPatterns.length === 0 ? null : "redact_patterns",
      after.redactUnreadable === "refuse" ? null : "redact_unreadable",
      after.maxOpenCalls === MOST_CALLS ? null : "max_open_calls",
      httpOnly(after),
    ].find((member) => member !== null);
    if (odd === undefined) return undefined;
    return wrong(odd, "A local tool has no server: the agent calls it itself. Set kind to mcp or http.");
  }
  const other = kind === "mcp" ? httpOnly(after) : null;
  if (other !== null)
    return wrong(
      other,
      "An MCP server describes its operations itself. Only a tool of the kind http has this.",
    );
  if (kind === "mcp" && before === null && name.length > LONGEST_MCP_TOOL) return wrong("name", TOO_LONG);
  if (url === null) return wrong("url", `A tool of the kind ${kind} needs the URL of its server.`);
  const address = refusedAddress(url, rules);
  if (address !== undefined) return wrong("url", address);
  const undescribed =
    kind === "http" ? (refusedDocument(after, rules) ?? refusedOperations(after)) : undefined;
  if (undescribed !== undefined) return undescribed;
  const redaction = compileRedaction(after);
  if (!redaction.ok)
    return wrong("redact_patterns", `The pattern ${redaction.error.pattern} ${redaction.error.detail}.`);
  if (auth.type === "header" && forwardHeaders.includes(auth.name)) {
    return wrong("forward_headers", "The header that holds the credential cannot be forwarded.");
  }
  const elsewhere =
    auth.type === "oauth_client_credentials" ? refusedTokenUrl(auth.token_url, rules) : undefined;
  if (elsewhere !== undefined) return wrong("auth.token_url", elsewhere);
  if (before !== null && before.secrets > 0 && destinationOf(before) !== destinationOf(after)) {
    return wrong(
      before.url === url ? "auth" : "url",
      "The tool has credentials, and they are for another server. Remove them first, and add one for the new server.",
    );
  }
  return undefined;
}

/** Another address may be another server, which may say the same name with another meaning. */
export const isMoved = (before: Row, after: Row): boolean =>
  before.url !== null && after.url !== null && new URL(before.url).href !== new URL(after.url).href;

/** The first setting that only an HTTP tool has; null when the tool has none of them. */
const httpOnly = ({ openapi, additionalQuery }: Row): string | null =>
  openapi !== null ? "openapi" : additionalQuery ? "additional_query" : null;

/** The document is asked for by Dome, so its address is under the same rules as the server's. */
function refusedDocument(
  { openapi, additionalQuery }: Row,
  { egress, issuer }: UpstreamRules,
): Refusal | undefined {
  if (openapi === null)
    return additionalQuery
      ? wrong(
          "additional_query",
          "Without an OpenAPI document no parameter is declared, and every one passes.",
        )
      : undefined;
  if (openapi === OPENAPI_GIVEN) return undefined;
  const fault = egress.addressFault(openapi);
  if (fault !== null) return wrong("openapi", wrongAddress(fault, "The URL of the document", PAGE));
  return new URL(openapi).origin === new URL(issuer).origin
    ? wrong("openapi", "The URL of the document leads back to this Dome.")
    : undefined;
}

/**
 * Refuses an operation that no path matches: it would never be allowed, and its schema would never apply. The operations
 * of a document have the names that it gives them.
 */
function refusedOperations({ operations, argumentSchemas, openapi }: Row): Refusal | undefined {
  if (openapi !== null) return undefined;
  const listed = operations === null ? null : operationsFault(operations);
  if (listed !== null) return wrong("operations", `The operation ${listed.operation} ${listed.detail}.`);
  if (operations !== null) return undefined;
  const named = Object.keys(argumentSchemas ?? {});
  const fault = operationsFault(named);
  if (fault !== null) return wrong("argument_schemas", `The operation ${fault.operation} ${fault.detail}.`);
  const template = named.find((each) => each.includes("{"));
  if (template === undefined) return undefined;
  return wrong(
    "argument_schemas",
    `Add ${template} to operations: templates are matched only for listed operations.`,
  );
}

function refusedAddress(text: string, { egress, issuer }: UpstreamRules): string | undefined {
  const fault = egress.addressFault(text);
  if (fault !== null) return wrongAddress(fault, "The URL", PAGE);
  const url = new URL(text);
  if (url.origin === new URL(issuer).origin) return "The URL leads back to this Dome.";
  if (url.search !== "" || text.includes("?")) return "The URL must not have a query.";
  if (!BASE_PATH.test(url.pathname)) {
    return "The path of the URL must be plain: no escapes, no empty segments, no `;`.";
  }
  // The parser lower-cases hosts, drops default ports and resolves dots: people must see what is called.
  const canonical = url.pathname === "/" ? url.origin : url.href.replace(/\/$/, "");
  return text === canonical || text === `${canonical}/` ? undefined : `Write the URL as ${canonical}.`;
}

function refusedTokenUrl(text: string, { egress, issuer }: UpstreamRules): string | undefined {
  const fault = egress.addressFault(text);
  if (fault !== null) return wrongAddress(fault, "The token URL", PAGE);
  const url = new URL(text);
  if (url.origin === new URL(issuer).origin) return "The token URL leads back to this Dome.";
  return url.href === text ? undefined : `Write the token URL as ${url.href}.`;
}

const TOO_LONG =
  `The name of an MCP server may have at most ${LONGEST_MCP_TOOL} characters: model APIs take names of ${LONGEST_MODEL_NAME}, ` +
  "and its operations have the tool's name and two underscores in front. Choose a shorter name.";

const wrong = (member: string, detail: string): Refusal => memberRefusal("invalid_request", member, detail);
