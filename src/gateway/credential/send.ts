/**
 * Sends a call to the server behind a tool, with all that Dome says about itself and about the call. Both doors send
 * through here. What the caller authenticated with is not part of it (P10).
 */
import { err, type Result } from "../../kernel/result.ts";
import { isClosed, serverOf, type CircuitPorts } from "../upstream/guarded-egress.ts";
import { pauseBeforeRepeat, type Attempted } from "../upstream/repeat.ts";
import type { Upstream } from "../../registry/upstream.ts";
import type { Permit } from "../call-tool.ts";
import { contextHeaders, type ContextPorts, type NoContext } from "./dome-context.ts";
import {
  serverCredential,
  type NoCredential,
  type ServerCredential,
  type ServerCredentialPorts,
} from "./server-credential.ts";
import { grantFor } from "./user-grant.ts";

export type SendPorts = ServerCredentialPorts & ContextPorts & Pick<CircuitPorts, "circuits">;

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

/** As far as it says that the server refuses Dome's credential, or is away. */
interface Answer extends Attempted {
  readonly body: { cancel(): Promise<void> } | null;
}

/**
 * A server that does not accept a token that Dome got for it is asked once more with a new one, where the call may be
 * repeated. So is a server that is away, after a pause: nothing of its answer has been released yet.
 *
 * @param send opens the call.
 * @returns what `send` does, or why it was not called.
 */
export async function sendWithCredential<A extends Answer, Fault extends { readonly kind: string }>(
  ports: SendPorts,
  call: UpstreamCall,
  send: (sent: Sent) => Promise<Result<A, Fault>>,
): Promise<Result<A, Fault | NotSent>> {
  const { permit, upstream, signal, isRepeatable } = call;
  const until = ports.clock.now() + permit.limits.maxActSeconds * 1000;
  const done = { renewed: false, repeated: false };
  for (;;) {
    const credential = await credentialOf(ports, call);
    if (!credential.ok) return credential;
    const context = await contextHeaders(ports, call.permit, call.upstream);
    if (!context.ok) return context;
    const headers = new Headers(context.value);
    for (const [name, value] of credential.value.headers) headers.set(name, value);
    const answer = await send({ headers, credential: credential.value.headers });
    const isRenewable = isRefused(answer) && credential.value.refused();
    if (!isRepeatable) return answer;
    if (isRenewable) {
      if (done.renewed) return answer;
      done.renewed = true;
      await discarded(answer);
      continue;
    }
    const pause = done.repeated ? null : pauseBeforeRepeat(answer, { now: ports.clock.now(), until });
    if (pause === null || !isClosed(ports, serverOf(permit.tool.id, upstream.url))) return answer;
    done.repeated = true;
    await discarded(answer);
    await ports.timers.sleep(pause, signal);
    // A stop, a lost lease, the end of the act's time, or a client that has gone.
    if (signal.aborted) return err({ kind: "aborted" });
  }
}

async function discarded(answer: Result<Answer, unknown>): Promise<void> {
  if (answer.ok) await answer.value.body?.cancel().catch(() => undefined);
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
