/**
 * Adds, changes and removes tiers. A change holds for every agent of the tier as soon as the leases of `org` have been
 * renewed. A tier with agents is not removed: without their tier, everything would be denied to them.
 */
import {
  tier as tierSchema,
  tierRemoved,
  type Tier,
  type TierCreate,
  type TierPatch,
  type TierRemoved,
  type TierSettings,
} from "../contract/tier.ts";
import { defined } from "../kernel/defined.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Tiers } from "../tiers/limits.ts";
import type { TierChange } from "../tiers/tier-writes.ts";
import { memberRefusal, notFound, refusalOf, type Refusal } from "./answer/refusal.ts";
import { answerOf, change, changedOrg, type ChangeRecord, type Plan } from "./change/change.ts";
import { orgEpoch } from "./change/org-epoch.ts";
import { staleUnder, type IfMatch } from "./request/if-match.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";

interface TierTarget {
  readonly name: string;
  readonly ifMatch: IfMatch;
}

export async function addTier(
  ports: OperationPorts,
  request: OperatorRequest,
  { name, like, ...given }: TierCreate,
): Promise<Result<Tier, Refusal>> {
  const added = await change(ports, request, changedOrg(ports), tierSchema, async () => {
    const basedOn = await orgEpoch(ports);
    const tiers = await ports.tiers();
    if (tiers.has(name)) return err(refusalOf({ kind: "rule", rule: "tier_name_taken" }));
    const model = tiers.get(like);
    if (model === undefined)
      return err(
        memberRefusal("unknown_reference", "like", `There is no tier ${like}. See dome tiers list.`),
      );
    const settings: TierSettings = { ...settingsOf(model), ...defined(given) };
    return ok(
      planOf(ports, basedOn, {
        answer: { ...settings, name, built_in: false, version: 1 },
        tier: { act: "add", row: { name, settings, createdAt: ports.clock.now() } },
        record: { kind: "tier.added", data: { ...settings } },
        name,
      }),
    );
  });
  return answerOf(added);
}

export async function updateTier(
  ports: OperationPorts,
  request: OperatorRequest,
  target: TierTarget,
  patch: TierPatch,
): Promise<Result<Tier, Refusal>> {
  const updated = await change(ports, request, changedOrg(ports), tierSchema, async () => {
    const basedOn = await orgEpoch(ports);
    const found = current(await ports.tiers(), target);
    if (!found.ok) return found;
    const before = found.value;
    const given = defined(patch);
    const settings: TierSettings = { ...settingsOf(before), ...given };
    return ok(
      planOf(ports, basedOn, {
        answer: { ...before, ...settings, version: before.version + 1 },
        tier: { act: "update", name: target.name, settings },
        record: { kind: "tier.updated", data: { ...given, version: before.version + 1 } },
        name: target.name,
      }),
    );
  });
  return answerOf(updated);
}

export async function removeTier(
  ports: OperationPorts,
  request: OperatorRequest,
  target: TierTarget,
): Promise<Result<TierRemoved, Refusal>> {
  const { name } = target;
  const removed = await change(ports, request, changedOrg(ports), tierRemoved, async () => {
    const basedOn = await orgEpoch(ports);
    const found = current(await ports.tiers(), target);
    if (!found.ok) return found;
    return ok(
      planOf(ports, basedOn, {
        answer: { name, removed: true as const },
        tier: { act: "remove", name },
        record: { kind: "tier.removed" },
        name,
      }),
    );
  });
  return answerOf(removed);
}

function current(tiers: Tiers, { name, ifMatch }: TierTarget): Result<Tier, Refusal> {
  const found = tiers.get(name);
  if (found === undefined) return err(notFound("tier", name));
  const stale = staleUnder(ifMatch, found.version);
  return stale === null ? ok(found) : err(stale);
}

function settingsOf(tier: Tier): TierSettings {
  const { name: _name, built_in: _builtIn, version: _version, ...settings } = tier;
  return settings;
}

const planOf = <Answer>(
  { owners }: OperationPorts,
  basedOn: number,
  made: {
    readonly answer: Answer;
    readonly name: string;
    readonly tier: TierChange;
    readonly record: Pick<ChangeRecord, "kind" | "data">;
  },
): Plan<Answer> => ({
  answer: made.answer,
  change: {
    audit: [{ workspace: "org", target: { type: "tier", id: made.name }, ...made.record }],
    send: (command) =>
      owners.org().configure({ ...command, basedOn, content: { kind: "tier", tier: made.tier } }),
  },
});
