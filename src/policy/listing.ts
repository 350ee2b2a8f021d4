/**
 * What an agent may see in a list of tools or models. A rule without evaluation, because a list has no arguments, no user and
 * no time: an entry is hidden only where no call of it could be allowed. So a list may show too much, never too little.
 */
import { applyingTo, type Bundles } from "./engine.ts";
import { matching } from "./policy-index.ts";
import {
  actionOf,
  placedAgent,
  placedResource,
  type PlacedAgent,
  type PolicyRequest,
} from "./policy-request.ts";

/** @returns false where no arguments, user or time could make the call of any part allowed for the chain. */
export const mayBeAllowed = (
  request: Pick<PolicyRequest, "workspace" | "asked"> & {
    readonly agents: readonly PlacedAgent[];
  },
  bundles: Bundles,
): boolean =>
  request.agents.every((agent) => {
    const asking = {
      principal: placedAgent(request.workspace, agent),
      action: actionOf(request.asked),
      resource: placedResource(request.workspace, request.asked),
    };
    const applying = applyingTo(agent, bundles);
    const heads = applying.flatMap((bundle) => matching(bundle.compiled, asking));
    if (heads.some(({ effect, isUnconditional }) => effect === "forbid" && isUnconditional)) return false;
    const isWhole = "part" in request.asked && request.asked.part === null;
    return isWhole || bundles.tier(agent.tier) === null || heads.some(({ effect }) => effect === "permit");
  });
