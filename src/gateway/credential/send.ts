/**
 * Sends a call to the server behind a tool, with all that Dome says about itself and about the call. Both doors send
 * through here. What the caller authenticated with is not part of it (P10).
 */
import type { Result } from "../../kernel/result.ts";
import type { Upstream } from "../../registry/catalog.ts";
import type { Permit } from "../call-tool.ts";
import { contextHeaders, type ContextPorts, type NoContext } from "./dome-context.ts";
import {
  serverCredential,
  type NoCredential,
  type ServerCredential,
  type ServerCredentialPorts,
} from "./server-credential.ts";
import { grantFor } from "./user-grant.ts";

export type SendPorts = ServerCredentialPorts & ContextPorts;

interface UpstreamCall {
  readonly permit: Permit;
  /** The server behind the permitted tool. */
  readonly upstream: Upstream;
  /** Ends the call, and what is asked of another server for it. */
  readonly signal: AbortSignal;
  /** It may be sent twice: it changes nothing, as an operator has reviewed, and its body is still there. */
  readonly isRepeatable: boolean;
}

/** Why nothing was sent. */
export type NotSent = NoCredential | NoContext;

/** What goes to the server, and to no other one. */
export interface Sent {
  /** Replace others of the same name. */
  readonly headers: Headers;
  /** Dome's credential alone, for what is asked beside the call: the context is of one request. */
  readonly credential: Headers;
}

/** As far as it says that the server refuses Dome's credential. */
interface Answer {
  readonly status: number;
  readonly body: { cancel(): Promise<void> } | null;
}

/**
 * A server that does not accept a token that Dome got for it is asked once more with a new one, where the call may be
 * repeated.
 *
 * @param send opens the call.
 * @returns what `send` does, or why it was not called.
 */
export async function sendWithCredential<A extends Answer, Fault extends { readonly kind: string }>(
  ports: SendPorts,
  call: UpstreamCall,
  send: (sent: Sent) => Promise<Result<A, Fault>>,
): Promise<Result<A, Fault | NotSent>> {
  for (let attempt = 1; ; attempt += 1) {
    const credential = await credentialOf(ports, call);
    if (!credential.ok) return credential;
    const context = await contextHeaders(ports, call.permit, call.upstream);
    if (!context.ok) return context;
    const headers = new Headers(context.value);
    for (const [name, value] of credential.value.headers) headers.set(name, value);
    const answer = await send({ headers, credential: credential.value.headers });
    if (!isRefused(answer) || !credential.value.refused()) return answer;
    if (attempt > 1 || !call.isRepeatable) return answer;
    if (answer.ok) await answer.value.body?.cancel().catch(() => undefined);
  }
}

const credentialOf = (
  ports: SendPorts,
  { permit, upstream, signal }: UpstreamCall,
): Promise<Result<ServerCredential, NoCredential>> =>
  serverCredential(ports, upstream, signal, (auth) => grantFor(ports, permit, auth));

/** RFC 9110 §15.5.2: 403 is about what the credential may do, and a new one may do no more. */
const isRefused = (answer: Result<Answer, { readonly kind: string; readonly status?: number }>): boolean =>
  answer.ok
    ? answer.value.status === 401
    : answer.error.kind === "credential_refused" && answer.error.status === 401;
