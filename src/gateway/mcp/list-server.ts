/** Lists the MCP server behind a tool for the control plane, and says in words why it could not. */
import { ENDED_AS, ENDED_IN_WORDS, type ServerFault } from "../server-in-words.ts";
import { askedWithin } from "../deadline.ts";
import { NO_ANSWER } from "../no-answer.ts";
import type { ProblemCode } from "../../contract/problem-codes.ts";
import type { Egress } from "../../egress/egress.ts";
import type { UpstreamEnd } from "../../egress/open.ts";
import type { Timers } from "../../kernel/clock.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { Era } from "../../mcp/revision.ts";
import type { ToolListing } from "../../mcp/tool-pages.ts";
import type { Upstream } from "../../registry/upstream.ts";
import { noCredentialInWords } from "../credential/no-credential.ts";
import { serverCredential, type ServerCredentialPorts } from "../credential/server-credential.ts";
import type { McpUpstreamFault } from "./own-exchange.ts";
import { listTools, serverAt, type McpUpstreamPorts } from "./known-server.ts";
import { whyNot } from "./why-not.ts";

/**
 * The longest time for a whole listing, in milliseconds. Each answer has bounds of its own, but a server may say little
 * at a time, over many pages.
 */
const LISTING_MS = 120_000;

interface ListingPorts extends McpUpstreamPorts, ServerCredentialPorts {
  readonly egress: Pick<Egress, "open">;
  readonly timers: Timers;
}

type Listed = Result<ToolListing & { readonly era: Era }, ServerFault>;

export const listServer = (
  ports: ListingPorts,
  tool: string,
  server: Pick<Upstream, "url" | "auth" | "secret">,
): Promise<Listed> =>
  askedWithin(ports.timers, LISTING_MS, (signal) => listWithin(ports, tool, server, signal));

async function listWithin(
  ports: ListingPorts,
  tool: string,
  server: Pick<Upstream, "url" | "auth" | "secret">,
  signal: AbortSignal,
): Promise<Listed> {
  const credential = await serverCredential(ports, server, signal);
  if (!credential.ok) return err(noCredentialInWords(credential.error));
  const at = { ...serverAt(tool, server), credential: credential.value.headers, signal };
  const listed = await listTools(ports, at);
  return listed.ok ? ok(listed.value) : err(faultOf(listed.error, signal));
}

/** Who failed is the server, but for an address that Dome does not call. */
const faultOf = (fault: McpUpstreamFault, signal: AbortSignal): ServerFault => ({
  who: fault.kind === "address_refused" ? "dome" : "upstream",
  code: codeOf(fault, signal),
  detail: inWords(fault),
});

function inWords(fault: McpUpstreamFault): string {
  switch (fault.kind) {
    case "address_refused":
      return "Dome does not call the address of the server. See docs/tools.md";
    case "credential_refused":
      return `The server refuses Dome's credential with ${fault.status}.`;
    case "refused":
      return `The server answered with the JSON-RPC error ${fault.code}.`;
    case "status":
      return `The server answered with ${fault.status}.`;
    case "endless":
      return "The server's list has no end, or more operations than Dome pins.";
    case "malformed":
    case "session_over":
    case "circuit_open":
      return "The server did not answer as an MCP server does.";
    case "redirected":
      return "The server redirects, and Dome does not follow. Set the URL to where it leads.";
    default:
      return ENDED_IN_WORDS[fault.kind];
  }
}

/** As a call would say it; only an end by Dome's own clock has no other name here. */
const codeOf = (fault: McpUpstreamFault, signal: AbortSignal): ProblemCode =>
  isEnd(fault.kind) ? ENDED_AS[fault.kind] : NO_ANSWER[whyNot(fault, false, signal)].code;

const isEnd = (kind: string): kind is UpstreamEnd => Object.hasOwn(ENDED_AS, kind);
