/**
 * Decides recorded calls again: once by the policies in force, and once with a draft in the place of those of its scope. What
 * differs between the two is the draft's doing alone. Nothing is recorded as a decision; the reading of the ledger is.
 */
import type { ChangedCall, PolicyReplay, PolicyReplayed, ReplayGap } from "../contract/policy.ts";
import { decidedBy, requestOf, type Evaluated } from "../access/policy-step.ts";
import type { Verdict } from "../access/verdict.ts";
import type { AuditEntry } from "../contract/audit.ts";
import type { DecisionId, WorkspaceId } from "../kernel/ids.ts";
import { defined } from "../kernel/defined.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { namesOfProviders } from "../identity/provider-reads.ts";
import { activeBundle } from "../policy/active-bundle.ts";
import { bundleDigest } from "../policy/bundle-digest.ts";
import { findVersion } from "../policy/bundle-reads.ts";
import { readsOf, type Bundles, type PolicyEngine } from "../policy/engine.ts";
import type { ActiveBundle } from "../policy/shape.ts";
import { agentsById } from "../registry/agents.ts";
import { loadCatalog } from "../registry/catalog.ts";
import { filterRefusal } from "./list-audit.ts";
import { recordReading } from "./note-reading.ts";
import { compiledFor, type PolicyPorts } from "./push-policy.ts";
import type { ReceiptPorts } from "./read-halt.ts";
import { noVersion } from "./read-policies.ts";
import type { OperatorRequest } from "./request/ports.ts";
import { policyScopeFor, type PolicyScope, type PolicyTarget } from "./request/policy-scope.ts";
import { workspaceFor } from "./request/resolve.ts";
import { bundlesInForce } from "./rules/bundles-in-force.ts";
import { gapFor, recordedCall, type RecordedCall } from "./rules/recorded-call.ts";
import type { Tiers } from "../tiers/limits.ts";
import type { Refusal } from "./answer/refusal.ts";

export interface TrialPorts extends ReceiptPorts, PolicyPorts {
  readonly trialEngine: PolicyEngine;
}

/** @param target its workspace is the one whose calls are decided again, whatever the scope is. */
export async function replayDecisions(
  ports: TrialPorts,
  request: OperatorRequest,
  target: PolicyTarget,
  asked: PolicyReplay,
): Promise<Result<PolicyReplayed, Refusal>> {
  const found = await policyScopeFor(ports, request.operator, target);
  if (!found.ok) return found;
  const scope = found.value;
  const home = await workspaceFor(ports.db, request.operator, target.workspace);
  if (!home.ok) return home;
  const workspace = scope.workspace?.id ?? home.value.id;
  const draft = await draftOf(ports, scope, asked);
  if (!draft.ok) return draft;
  const { since, until, limit, cursor } = asked;
  const actor = scope.scope === "agent" ? scope.id : undefined;
  const page = await ports.ledgers.list(workspace, { decision: "any", since, until, limit, cursor, actor });
  if (!page.ok) return err(filterRefusal(page.error));
  const { items, next_cursor } = page.value;
  const noted = await recordReading(ports, request, {
    workspace,
    kind: "audit.read",
    target: { type: "policy_bundle", id: scope.id },
    data: { scope: scope.scope, name: scope.name, digest: draft.value.digest, since, ...defined({ until }) },
  });
  if (!noted.ok) return noted;
  return ok({ ...(await replayed(ports, { workspace, scope, draft: draft.value }, items)), next_cursor });
}

/** A text is checked as a push would check it, at the first page; the pages after it read the same text. */
async function draftOf(
  ports: TrialPorts,
  scope: PolicyScope,
  { source, version = 0, cursor }: PolicyReplay,
): Promise<Result<ActiveBundle, Refusal>> {
  const { scope: kind, name, id: bundle } = scope;
  const row = { bundle, scope: kind, name, isShadow: true };
  if (source === undefined) {
    const found = await findVersion(ports.db, scope.id, version);
    return found === undefined ? err(noVersion(scope, version)) : ok(activeBundle({ ...row, ...found }));
  }
  const compiled = await compiledFor(ports, scope, source, { isKnown: cursor !== undefined });
  if (!compiled.ok) return compiled;
  const text = JSON.stringify(compiled.value);
  return ok(activeBundle({ ...row, number: 0, digest: bundleDigest(source), compiled: text }));
}

interface Trial {
  readonly workspace: WorkspaceId;
  readonly scope: PolicyScope;
  readonly draft: ActiveBundle;
}

async function replayed(
  ports: TrialPorts,
  { workspace, scope, draft }: Trial,
  entries: readonly AuditEntry[],
): Promise<Omit<PolicyReplayed, "next_cursor">> {
  const { db, trialEngine: engine } = ports;
  const chained = entries.flatMap(({ chain = [] }) => chain.map(({ agent }) => agent));
  const [agents, catalog, providers] = await Promise.all([
    agentsById(db, workspace, [...new Set(chained)]),
    loadCatalog(db, workspace),
    namesOfProviders(db, workspace),
  ]);
  const calls = entries.flatMap((entry) => {
    const call = recordedCall(entry, { agents, catalog, providers });
    return call === null ? [] : [{ entry, call }];
  });
  const chains = calls.flatMap(({ call }) => (call.ok ? call.value.call.agents : []));
  const bundles = await bundlesInForce(db, workspace, chains);
  const before: Evaluated = { engine, bundles };
  const after: Evaluated = { engine, bundles: withDraft(bundles, scope, draft) };

  // Of the tiers, too, what they are now.
  const tally = new Tally(await ports.tiers());
  for (const { entry, call } of calls) {
    if (!call.ok) tally.skip(entry, call.error);
    else if (concerns(scope, call.value)) tally.decide(entry, call.value, before, after);
  }
  return tally.answer();
}

/** Policies of an agent or a tier concern the calls with such an agent in the chain. */
const concerns = ({ scope, id, name }: PolicyScope, { call }: RecordedCall): boolean =>
  call.agents.some((agent) =>
    scope === "agent" ? agent.id === id : scope === "tier" ? agent.tier === name : true,
  );

function withDraft(bundles: Bundles, { scope, id, name }: PolicyScope, draft: ActiveBundle): Bundles {
  switch (scope) {
    case "organization":
      return { ...bundles, organization: draft };
    case "workspace":
      return { ...bundles, workspace: draft };
    case "tier":
      return { ...bundles, tier: (tier) => (tier === name ? draft : bundles.tier(tier)) };
    case "agent":
      return { ...bundles, agent: (agent) => (agent === id ? draft : bundles.agent(agent)) };
  }
}

/** What came of the calls of a page. */
class Tally {
  readonly #tiers: Tiers;
  #replayed = 0;
  #drifted = 0;
  readonly #changed: ChangedCall[] = [];
  readonly #skipped = new Map<string, { gap: ReplayGap; resource: string; calls: number }>();

  constructor(tiers: Tiers) {
    this.#tiers = tiers;
  }

  skip({ target }: AuditEntry, gap: ReplayGap): void {
    const resource = target?.id ?? "";
    const key = JSON.stringify([gap, resource]);
    const known = this.#skipped.get(key);
    if (known === undefined) this.#skipped.set(key, { gap, resource, calls: 1 });
    else known.calls += 1;
  }

  decide(
    entry: AuditEntry,
    { asked, call, unknown, assumed }: RecordedCall,
    before: Evaluated,
    after: Evaluated,
  ): void {
    const request = requestOf(call, this.#tiers, asked);
    const gap = gapFor(
      unknown,
      [before, after].flatMap(({ bundles }) => readsOf(request, bundles)),
    );
    if (gap !== null) {
      this.skip(entry, gap);
      return;
    }
    this.#replayed += 1;
    const [now, then] = [before, after].map((policies) => decidedBy(policies, call, asked, request));
    if (now === undefined || then === undefined) throw new Error("two sets of policies make two verdicts");
    if (now.decision !== entry.decision) this.#drifted += 1;
    if (now.decision === then.decision) return;
    this.#changed.push({
      decision_id: entry.decision_id as DecisionId,
      time: entry.time,
      agent: call.agents[0].id,
      agent_name: call.agents[0].name,
      action: asked.action,
      resource: entry.target?.id ?? "",
      recorded: entry.decision ?? "deny",
      before: shown(now),
      after: shown(then),
      assumed,
    });
  }

  answer(): Omit<PolicyReplayed, "next_cursor"> {
    return {
      replayed: this.#replayed,
      changed: this.#changed,
      drifted: this.#drifted,
      skipped: [...this.#skipped.values()],
    };
  }
}

const shown = ({ decision, reason, detail, policies }: Verdict): ChangedCall["before"] => ({
  decision,
  reason,
  detail,
  policies: [...policies],
});
