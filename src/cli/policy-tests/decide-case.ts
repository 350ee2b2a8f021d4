/**
 * Decides a case as Dome decides a call whose agents have declared what they ask for: first the arguments are held against
 * the schema of the operation, then the policies decide, in the same engine and by the same code as in the Worker.
 */
import { defined } from "../../kernel/defined.ts";
import type { Bundles, DecidingPolicy, PolicyEngine, PolicyVerdict } from "../../policy/engine.ts";
import type { PolicyRequest } from "../../policy/policy-request.ts";
import { argumentsFault } from "../../registry/argument-schema.ts";
import type { REASONS_OF_POLICY, TestCase, TestWorld } from "./test-file.ts";
import { askedOf, policyAgent, workspaceIdOf } from "./test-world.ts";

export interface CaseVerdict {
  readonly decision: "allow" | "deny";
  readonly reason: (typeof REASONS_OF_POLICY)[number];
  /** The name of the agent whose policies decided; null: its arguments were refused before. */
  readonly agent: string | null;
  readonly policies: readonly DecidingPolicy[];
  /** Why, in sentences. */
  readonly why: readonly string[];
}

/** A Monday at noon, in UTC: a case that says no time must not depend on the day on which it runs. */
const DEFAULT_TIME = Date.UTC(2026, 0, 5, 12);
const DEFAULT_USER = `usr_${"0".repeat(26)}`;

export function decideCase(
  engine: PolicyEngine,
  bundles: Bundles,
  world: TestWorld,
  each: TestCase,
): CaseVerdict {
  const request = requestOf(world, each);
  const { args = {}, argumentSchema } = request;
  const fault = argumentSchema === null ? null : argumentsFault(argumentSchema, args);
  if (fault === null) return caseVerdict(request, engine.decide(request, bundles));
  const where = fault.pointer === "" ? "The whole" : fault.pointer;
  return {
    decision: "deny",
    reason: "arguments_invalid",
    agent: null,
    policies: [],
    why: [`The arguments do not match the schema of the operation: ${where} ${fault.expected}.`],
  };
}

function requestOf(world: TestWorld, each: TestCase): PolicyRequest {
  const { agent, on_behalf_of: others = [], arguments: args, actas, request = {}, time } = each;
  const asked = askedOf(world, each);
  const schema =
    asked.kind === "tool" && asked.part !== null
      ? world.tools?.[asked.name]?.operations?.[asked.part]?.arguments
      : undefined;
  const { headers = {}, ...call } = request;
  return {
    workspace: workspaceIdOf(world),
    agents: [policyAgent(world, agent), ...others.map((other) => policyAgent(world, other))],
    asked,
    args,
    argumentSchema: schema ?? null,
    actas:
      actas === undefined
        ? null
        : {
            user: actas.user ?? DEFAULT_USER,
            provider: actas.provider,
            email: actas.email ?? null,
            groups: actas.groups ?? null,
          },
    request: defined(call),
    headers,
    now: time === undefined ? DEFAULT_TIME : Date.parse(time),
  };
}

function caseVerdict({ agents }: PolicyRequest, verdict: PolicyVerdict): CaseVerdict {
  const { decision, reason, policies, errors, omitted } = verdict;
  const agent = agents.find(({ id }) => id === verdict.agent);
  return {
    decision,
    reason,
    agent: agent?.name ?? null,
    policies,
    why: [
      ...(decision === "deny" && agents.length > 1
        ? [`The policies of the agent ${agent?.name ?? ""} decide.`]
        : []),
      ...policies.flatMap(({ reason: said }) => said ?? []),
      ...(reason === "policy_no_permit"
        ? [`The tier ${agent?.tier ?? ""} has policies of its own, and no policy permits this.`]
        : []),
      ...errors,
      ...(omitted.length === 0 ? [] : [`It has no value for ${omitted.join(", ")}.`]),
    ],
  };
}
