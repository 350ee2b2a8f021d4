/**
 * Sends a call to the server behind a tool, with all that Dome says about itself and about the call. Both doors send
 * through here. What the caller authenticated with is not part of it (P10).
 */
import type { UpstreamResponse } from "../../egress/open.ts";
import type { Result } from "../../kernel/result.ts";
import type { Upstream } from "../../registry/catalog.ts";
import type { Permit } from "../call-tool.ts";
import { contextHeaders, type ContextPorts, type NoContext } from "./dome-context.ts";
import { serverCredential, type NoCredential, type ServerCredentialPorts } from "./server-credential.ts";

export type SendPorts = ServerCredentialPorts & ContextPorts;

interface UpstreamCall {
  readonly permit: Permit;
  /** The server behind the permitted tool. */
  readonly upstream: Upstream;
  /** Ends the call, and what is asked of another server for it. */
  readonly signal: AbortSignal;
}

/** Why nothing was sent. */
export type NotSent = NoCredential | NoContext;

/**
 * @param send opens the call. Its argument has headers that replace others of the same name, and go to no other server.
 * @returns what `send` does, or why it was not called.
 */
export async function sendWithCredential<Response extends UpstreamResponse, Fault>(
  ports: SendPorts,
  { permit, upstream }: UpstreamCall,
  send: (credential: Headers) => Promise<Result<Response, Fault>>,
): Promise<Result<Response, Fault | NotSent>> {
  const context = await contextHeaders(ports, permit, upstream);
  if (!context.ok) return context;
  const credential = await serverCredential(ports, upstream);
  if (!credential.ok) return credential;
  const headers = new Headers(context.value);
  for (const [name, value] of credential.value) headers.set(name, value);
  return send(headers);
}
