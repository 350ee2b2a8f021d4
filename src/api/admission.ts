/**
 * Authenticates the caller at a door and checks its rights, before anything that the request names is looked up (P11).
 * The kind of a refused credential is for the ledger; the caller gets one of two answers.
 */
import { authenticateAgent, type AuthenticationRefusal, type Presented } from "../access/authenticate.ts";
import type { Caller } from "../access/caller.ts";
import type { Self } from "../access/release.ts";
import { authenticateSelf } from "../access/self.ts";
import { authenticateOperator, type Operator } from "../access/operator.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { traceparentOf } from "../kernel/trace.ts";
import { rolesWith, whyNot, type Permission } from "../operators/permissions.ts";
import type { Refusal } from "../operations/answer/refusal.ts";
import type { Tiers } from "../tiers/limits.ts";
import { RESOURCE_METADATA_PATH } from "../tokens/metadata.ts";
import {
  actAsProblem,
  drainingProblem,
  INVALID_TOKEN,
  UNAUTHENTICATED,
  unavailableFor,
} from "./door-refusals.ts";
import { noteRefusedAgent, noteRefusedOperator } from "./refused.ts";
import {
  countAgent,
  countOperator,
  countRefused,
  isNeverLimited,
  rateOf,
  type Asker,
} from "./rate-limits.ts";
import { requestFacts } from "./request-facts.ts";
import type { Arrival, Door, RouteShape } from "./route.ts";

export interface Admitted {
  readonly operator: Operator | null;
  readonly caller: Caller | null;
  /** Set at a door about the agent itself. */
  readonly self: Self | null;
}

const NOBODY: Admitted = { operator: null, caller: null, self: null };

/** The challenge of doors that accept call tokens: where to get one (RFC 9728 §5.1), and with which scope (RFC 6750 §3). */
export function challengeOf(
  door: Door,
  { http, services: { issuer } }: Pick<Arrival, "http" | "services">,
): string {
  if (door.by !== "agent" && door.by !== "either") return "";
  const resource = door.by === "agent" ? (door.resource?.(http) ?? "") : "";
  const scope = door.by === "agent" ? (door.scope?.(http) ?? "") : "";
  const metadata = `resource_metadata="${issuer}${RESOURCE_METADATA_PATH}${resource}"`;
  return scope === "" ? metadata : `${metadata}, scope="${scope}"`;
}

export async function admit(
  { door, path }: RouteShape,
  arrival: Arrival,
): Promise<Result<Admitted, Refusal>> {
  if (door.by === "anyone") return ok(NOBODY);
  const authorization = arrival.http.headers.get("authorization");
  const presentsOperator = /^Bearer +dome_ot_/i.test(authorization ?? "");
  if (door.by === "operator" || (door.by === "either" && presentsOperator)) {
    return admitOperator(door.permission, path, authorization, arrival);
  }
  return admitAgent(door, path, authorization, arrival);
}

async function admitAgent(
  door: Door,
  path: string,
  authorization: string | null,
  arrival: Arrival,
): Promise<Result<Admitted, Refusal>> {
  const { services, http, requestId, recognised } = arrival;
  const presented = {
    authorization,
    actAs: http.headers.get("dome-act-as"),
    traceparent: traceparentOf(http.headers),
  };
  const self = await authenticateAt(door, arrival, presented);
  if (self.ok) {
    const { value } = self;
    const asker = askerOf(services.access.tiers, value);
    recognised(asker.agent);
    const counted = await countAgent(services, asker);
    if (!counted.ok) return counted;
    return ok({ operator: null, caller: value.kind === "caller" ? value.caller : null, self: value });
  }
  noteRefusedAgent(services, self.error, path, requestId);
  switch (self.error.kind) {
    case "missing":
      return err(UNAUTHENTICATED);
    case "draining":
      return err(drainingProblem(self.error.left_ms));
    case "actas_refused":
      return err(actAsProblem(self.error.why));
    case "no_lease":
      return err(unavailableFor(self.error.of));
    default:
      return err(await refusedHere(arrival));
  }
}

/** Only a door marked `self` admits a suspended agent (P3). */
async function authenticateAt(
  door: Door,
  { services: { access, issuer }, http }: Arrival,
  presented: Presented,
): Promise<Result<Self, AuthenticationRefusal>> {
  if (door.by === "agent" && door.self === true) return authenticateSelf(access, presented, issuer);
  const resource = door.by === "agent" ? (door.resource?.(http) ?? "") : "";
  const work = door.by === "agent" && door.mayEnd === true ? "open" : "new";
  const caller = await authenticateAgent(access, presented, issuer + resource, work);
  return caller.ok ? ok({ kind: "caller", caller: caller.value }) : caller;
}

/** The answer to a refused credential. */
async function refusedHere({ services, http }: Arrival): Promise<Refusal> {
  const { ip } = requestFacts(http, services.clientIpHeader);
  const counted = await countRefused(services, ip);
  return counted.ok ? INVALID_TOKEN : counted.error;
}

/** The rate-limit keys of the current actor, in the class of the chain's strictest tier. */
export function askerOf(tiers: Tiers, self: Self): Asker {
  if (self.kind === "suspended") {
    const { agent, workspace, key } = self;
    return { agent: agent.id, workspace, key, rate: rateOf(tiers, [agent]) };
  }
  const { agents, state } = self.caller;
  const [{ id }] = agents;
  return {
    agent: id,
    workspace: state.workspace,
    key: state.chain[0]?.key ?? id,
    rate: rateOf(tiers, agents),
  };
}

async function admitOperator(
  permission: Permission | null,
  path: string,
  authorization: string | null,
  arrival: Arrival,
): Promise<Result<Admitted, Refusal>> {
  const { services, requestId, recognised } = arrival;
  const operator = await authenticateOperator(services.operators, authorization);
  if (!operator.ok) {
    noteRefusedOperator(services, operator.error, path, requestId);
    return err(operator.error.kind === "missing" ? UNAUTHENTICATED : await refusedHere(arrival));
  }
  const why = permission === null ? null : whyNot(operator.value, permission);
  if (permission !== null && why !== null) return err(notAllowed(operator.value, permission, why));
  recognised(`operator:${operator.value.token}`);
  if (!isNeverLimited(permission)) {
    const counted = await countOperator(services, operator.value.token);
    if (!counted.ok) return counted;
  }
  return ok({ operator: operator.value, caller: null, self: null });
}

function notAllowed({ role }: Operator, permission: Permission, why: "role" | "bound"): Refusal {
  const roles = rolesWith(permission).join(", ");
  return {
    code: "forbidden",
    detail:
      why === "role"
        ? `The role ${role} does not have the permission ${permission}. Roles that have it: ${roles}.`
        : `The token is bound to workspaces, and the permission ${permission} is for the organization. Use a token for all workspaces.`,
  };
}
