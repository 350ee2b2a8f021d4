/**
 * What would be decided now, if an agent asked this with its key: the steps of every decision, on what the registry has at
 * this moment. Nothing is released and nothing acts. A question about a person is recorded before it is answered.
 */
import { SURFACE } from "../contract/scope.ts";
import type { WhatIf, WhatIfRequest } from "../contract/check.ts";
import { referenceOf } from "../contract/resource.ts";
import { parseAccessRequest } from "../access/access-request.ts";
import { evaluateInSteps, type Facts } from "../access/evaluate.ts";
import { defined } from "../kernel/defined.ts";
import { findProvider } from "../identity/provider-reads.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { PolicyEngine } from "../policy/engine.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import { loadCatalog } from "../registry/catalog.ts";
import { limitsOf } from "../tiers/limits.ts";
import { memberRefusal, namesNothing, type Refusal } from "./answer/refusal.ts";
import { recordReading, type ReadingPorts } from "./note-reading.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { agentFor } from "./request/resolve.ts";
import { bundlesInForce } from "./rules/bundles-in-force.ts";

interface WhatIfPorts extends OperationPorts, ReadingPorts {
  readonly policyEngine: PolicyEngine;
}

/** In place of the id of a user whom nobody has verified. */
const NOBODY = "usr_unverified";

export async function decideAfresh(
  ports: WhatIfPorts,
  request: OperatorRequest,
  body: WhatIfRequest,
): Promise<Result<WhatIf, Refusal>> {
  const { db, clock } = ports;
  const found = await agentFor(db, request.operator, body.agent, body.workspace);
  if (!found.ok) return found;
  const agent = found.value;
  const asked = parseAccessRequest(body);
  if (!asked.ok)
    return err(memberRefusal("invalid_request", asked.error.member, "does not name what it should."));
  const user = await userOf(ports, request, agent, body.user);
  if (!user.ok) return user;
  const tiers = await ports.tiers();
  const facts: Facts = {
    agents: [agent],
    scope: SURFACE,
    user: user.value,
    catalog: await loadCatalog(db, agent.workspaceId),
    limits: limitsOf(tiers, [agent]),
    args: body.arguments,
    argumentFault: null,
    headers: null,
    policies: {
      engine: ports.policyEngine,
      bundles: await bundlesInForce(db, agent.workspaceId, [agent]),
      shadow: null,
      tiers,
    },
    circumstances: {
      user: body.user === undefined ? null : defined({ email: body.user.email, groups: body.user.groups }),
      request: {},
      headers: {},
      now: clock.now(),
    },
  };
  const { verdict, steps } = evaluateInSteps(facts, asked.value);
  return ok({
    decision: verdict.decision,
    reason: verdict.reason,
    layer: verdict.layer,
    detail: verdict.detail,
    change: verdict.change,
    policies: [...verdict.policies],
    bundle_version: verdict.bundleVersion,
    agent: agent.id,
    action: asked.value.action,
    resource: referenceOf(asked.value),
    steps: [...steps],
  });
}

/** The user of the question, once the question about a person is recorded. */
async function userOf(
  ports: WhatIfPorts,
  request: OperatorRequest,
  { id, workspaceId }: RegisteredAgent,
  user: WhatIfRequest["user"],
): Promise<Result<Facts["user"], Refusal>> {
  if (user === undefined) return ok(null);
  const provider = await findProvider(ports.db, workspaceId, user.provider);
  if (provider === undefined)
    return err(namesNothing("user", `The workspace has no identity provider ${user.provider}.`));
  const noted = await recordReading(ports, request, {
    workspace: workspaceId,
    kind: "decision.asked",
    agent: id,
    target: { type: "agent", id },
    data: { provider: provider.id, email: user.email !== undefined, groups: user.groups?.length ?? 0 },
  });
  return noted.ok ? ok({ id: NOBODY, provider: provider.name }) : noted;
}
