/**
 * Records refused credentials, and calls that nobody could decide on. A dead credential is recorded at most once a
 * second, with a count; one that was never issued is only counted.
 */
import type { ActAsRefusal } from "../access/act-as.ts";
import type { AuthenticationRefusal } from "../access/authenticate.ts";
import type { Caller } from "../access/caller.ts";
import { operatorRef, type OperatorRefusal } from "../access/operator.ts";
import type { Suspended } from "../access/suspended.ts";
import { draftRecord, type AuditFacts } from "../audit/record.ts";
import { defined } from "../kernel/defined.ts";
import type { ClientRefusal } from "../oauth/authenticate-client.ts";
import type { Place } from "./forwarded.ts";
import type { Services } from "./services.ts";

/**
 * Operator tokens belong to the organization, so their refusals are in its ledger.
 * @param path the path of the route, not of the request, which may contain a secret (P4).
 */
export function noteRefusedOperator(
  services: Services,
  refusal: OperatorRefusal,
  path: string,
  requestId: string,
): void {
  if (refusal.kind === "unknown") countNeverIssued(services);
  if (refusal.kind !== "dead") return;
  recordSeldom(services, refusal.token, {
    workspace: "org",
    kind: "credential.refused",
    operator: operatorRef(refusal),
    request_id: requestId,
    reason: refusal.why,
    target: { type: "operator_token", id: refusal.token },
    data: { path },
  });
}

/**
 * Nothing is looked up for the record: the agent of the credential was known when it was refused.
 * @param path the path of the route, not of the request, which may contain a secret (P4).
 */
export function noteRefusedAgent(
  services: Services,
  refusal: AuthenticationRefusal,
  path: string,
  requestId: string,
): void {
  if (refusal.kind === "unknown") countNeverIssued(services);
  if (refusal.kind === "actas_refused") noteRefusedUser(services, refusal, path, requestId);
  if (refusal.kind !== "dead") return;
  const { agent, workspace, key, why } = refusal;
  recordSeldom(services, key ?? agent, {
    workspace,
    kind: "credential.refused",
    agent,
    request_id: requestId,
    reason: why,
    ...defined({ target: key === null ? undefined : { type: "key", id: key } }),
    data: { path },
  });
}

/**
 * Records that the key of a suspended agent has opened the agent's event stream, which is allowed, so that the operator
 * who suspended the agent sees that its key is in use. Recorded as rarely as a dead credential.
 */
export const noteSuspendedListener = (
  services: Services,
  { agent, workspace, key }: Suspended,
  requestId: string,
): void =>
  recordSeldom(services, `${key} listens`, {
    workspace,
    kind: "events.opened",
    agent: agent.id,
    request_id: requestId,
    target: { type: "key", id: key },
    data: {},
  });

/** Records that the end user of a known agent was not accepted, in the same way as a dead credential. */
const noteRefusedUser = (
  services: Services,
  { agent, workspace, why }: ActAsRefusal,
  path: string,
  requestId: string,
): void =>
  recordSeldom(services, `${agent} for a user`, {
    workspace,
    kind: "actas.refused",
    agent,
    request_id: requestId,
    reason: why,
    data: { path },
  });

/** A call of a known agent that a door of a tool has refused before anybody could decide on it. */
interface Unjudged {
  /** Null: the door of all servers. */
  readonly tool: string | null;
  /** Of the route, not of the request (P4). */
  readonly path: string;
  readonly requestId: string;
  /** A word: a problem code, or the code of JSON-RPC. */
  readonly reason: string;
  /** Where it holds a credential that no server may get; absent: it holds none. */
  readonly misplaced?: Place | undefined;
}

/**
 * A credential on its way out is recorded each time: it may be the trace of an attack on the agent. A malformed call is
 * recorded as rarely as a dead credential, because its sender makes as many as it likes.
 */
export function noteUnjudged(services: Services, { state, agents, user }: Caller, refused: Unjudged): void {
  const { tool, path, requestId, reason, misplaced } = refused;
  const [{ id: agent }] = agents;
  const facts = {
    workspace: state.workspace,
    agent,
    chain: state.chain.map((link) => ({ ...link })),
    request_id: requestId,
    ...defined({
      user: user === null ? undefined : { id: user.id },
      target: tool === null ? undefined : ({ type: "tool", id: tool } as const),
    }),
  };
  if (misplaced === undefined) {
    recordSeldom(services, `${agent} malformed`, { ...facts, kind: "call.refused", reason, data: { path } });
    return;
  }
  const draft = draftRecord(services, {
    ...facts,
    kind: "credential.refused",
    reason: "misplaced",
    data: { path, at: misplaced },
  });
  services.background(services.access.sink.record(draft));
}

/** Records at most once a second for each `id`, with the count since the last record. */
function recordSeldom(services: Services, id: string, facts: AuditFacts & { readonly data: object }): void {
  const counted = services.refused.dead(id, services.clock.now());
  if (counted === null) return;
  const data = { count: counted.count, ...facts.data };
  services.background(services.access.sink.record(draftRecord(services, { ...facts, data })));
}

function countNeverIssued(services: Services): void {
  const ended = services.refused.neverIssued(services.clock.now());
  if (ended !== null) services.log.write("warn", "credentials.never_issued", { ...ended });
}

/**
 * Records a client that failed to authenticate at an OAuth endpoint. Other refusals of such an endpoint do not concern
 * a credential.
 */
export function noteRefusedClient(
  services: Services,
  refusal: { readonly kind: string } | Extract<ClientRefusal, { kind: "invalid_client" }>,
  path: string,
  requestId: string,
): void {
  if (!("known" in refusal)) return;
  const { known } = refusal;
  noteRefusedAgent(
    services,
    known === null ? { kind: "unknown", why: "oauth endpoint" } : { kind: "dead", ...known },
    path,
    requestId,
  );
}
