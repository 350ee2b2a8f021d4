/** An installation in which nobody has pushed policies. */
import { PolicyEngine, type Bundles } from "../../src/policy/engine.ts";
import { BUILT_IN_TIERS } from "./built-in-tiers.ts";
import { testCedar } from "./cedar-module.ts";

const NO_BUNDLES: Bundles = {
  organization: null,
  workspace: null,
  tier: () => null,
  agent: () => null,
};

export const NO_POLICIES = {
  engine: new PolicyEngine(testCedar()),
  bundles: NO_BUNDLES,
  shadow: null,
  tiers: BUILT_IN_TIERS,
};
