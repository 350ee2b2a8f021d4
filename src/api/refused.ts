/** Refused credentials: a dead one is recorded, at most once a second with a count; one never issued is only counted. */
import type { ActAsRefusal } from "../access/act-as.ts";
import type { AuthenticationRefusal } from "../access/authenticate.ts";
import type { OperatorRefusal } from "../access/operator.ts";
import type { Suspended } from "../access/suspended.ts";
import { draftRecord } from "../audit/record.ts";
import { defined } from "../kernel/defined.ts";
import type { ClientRefusal } from "../oauth/authenticate-client.ts";
import type { Services } from "./services.ts";

/**
 * Operator tokens belong to the whole installation, so their refusals are in its trail.
 * @param path of the route, not of the request: what stands in the request's may be a secret (P4).
 */
export function noteRefusedOperator(
  services: Services,
  refusal: OperatorRefusal,
  path: string,
  requestId: string,
): void {
  if (refusal.kind === "unknown") countNeverIssued(services);
  if (refusal.kind !== "dead") return;
  const counted = services.refused.dead(refusal.token, services.clock.now());
  if (counted === null) return;
  services.background(
    services.access.sink.record(
      draftRecord(services, {
        workspace: "org",
        kind: "credential.refused",
        operator: { subject: refusal.subject, token: refusal.token },
        request_id: requestId,
        reason: refusal.why,
        target: { type: "operator_token", id: refusal.token },
        data: { count: counted.count, path },
      }),
    ),
  );
}

/** @param path of the route, not of the request: what stands in the request's may be a secret (P4). */
export function noteRefusedAgent(
  services: Services,
  refusal: AuthenticationRefusal,
  path: string,
  requestId: string,
): void {
  if (refusal.kind === "unknown") countNeverIssued(services);
  if (refusal.kind === "actas_refused") noteRefusedUser(services, refusal, path, requestId);
  if (refusal.kind !== "dead") return;
  const counted = services.refused.dead(refusal.key ?? refusal.agent, services.clock.now());
  if (counted === null) return;
  services.background(
    services.access.sink.record(refusalRecord(services, refusal, counted.count, path, requestId)),
  );
}

/**
 * The key of a suspended agent opens its event stream, which is refused nothing: whoever has suspended the agent sees that its
 * key is used. Recorded as seldom as a dead credential is.
 */
export function noteSuspendedListener(
  services: Services,
  { agent, workspace, key }: Suspended,
  requestId: string,
): void {
  const counted = services.refused.dead(`${key} listens`, services.clock.now());
  if (counted === null) return;
  services.background(
    services.access.sink.record(
      draftRecord(services, {
        workspace,
        kind: "events.opened",
        agent: agent.id,
        request_id: requestId,
        target: { type: "key", id: key },
        data: { count: counted.count },
      }),
    ),
  );
}

/** The agent is known, and its end user is not accepted: recorded as a dead credential is. */
function noteRefusedUser(
  services: Services,
  { agent, workspace, why }: ActAsRefusal,
  path: string,
  requestId: string,
): void {
  const counted = services.refused.dead(`${agent} for a user`, services.clock.now());
  if (counted === null) return;
  services.background(
    services.access.sink.record(
      draftRecord(services, {
        workspace,
        kind: "actas.refused",
        agent,
        request_id: requestId,
        reason: why,
        data: { count: counted.count, path },
      }),
    ),
  );
}

function countNeverIssued(services: Services): void {
  const ended = services.refused.neverIssued(services.clock.now());
  if (ended !== null) services.log.write("warn", "credentials.never_issued", { ...ended });
}

/** A client that did not authenticate at an OAuth endpoint. Other refusals of such an endpoint say nothing of a credential. */
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

/** Nothing is looked up for it: whose the credential is was known when it was refused. */
const refusalRecord = (
  services: Services,
  { agent, workspace, key, why }: Extract<AuthenticationRefusal, { kind: "dead" }>,
  count: number,
  path: string,
  requestId: string,
) =>
  draftRecord(services, {
    workspace,
    kind: "credential.refused",
    agent,
    request_id: requestId,
    reason: why,
    ...defined({ target: key === null ? undefined : { type: "key", id: key } }),
    data: { count, path },
  });
