/**
 * The form of a file with tests of policies (docs/policies.md). Its words are those of the product: the members of `actas` and
 * `request` are those that policies read in the context, and what is expected has the names that a decision has.
 */
import { z } from "zod";
import { agentName, idText, name, timeInput } from "../../contract/words.ts";
import { modelName, modelReference, operationName, toolReference } from "../../contract/resource.ts";
import { cedarAddress } from "../../policy/cedar-address.ts";

const path = z.string().min(1, "must name a file");
const text = z.string().min(1, "must not be empty").max(500, "must have at most 500 characters");

/** A table of something by name. What a name has no value for is as if nothing were said of it. */
const table = <V extends z.ZodType>(key: z.ZodString, value: V) => z.record(key, value.nullable());

/** Files with policies, relative to the file with the tests. */
const policies = z.strictObject({
  organization: path.optional(),
  workspace: path.optional(),
  tiers: z.record(name, path).optional(),
  agents: z.record(agentName, path).optional(),
});

const agent = z.strictObject({
  id: idText("agt").optional(),
  tier: name.optional(),
  trust: z.int().min(0).max(100).optional(),
  owner: text.optional(),
  steward: text.optional(),
  labels: z.record(z.string(), z.string()).optional(),
  parent: agentName.optional(),
});

const operation = z.strictObject({
  read_only: z.boolean().optional(),
  /** JSON Schema of the arguments. */
  arguments: z.record(z.string(), z.unknown()).optional(),
});

const tool = z.strictObject({
  kind: z.enum(["mcp", "http", "local"]).optional(),
  /** Absent: any. */
  operations: table(operationName, operation).optional(),
});

const model = z.strictObject({
  provider: text,
  region: text.optional(),
  price_tier: text.optional(),
  service_tier: text.optional(),
});

const world = z.strictObject({
  workspace: idText("wsp").optional(),
  tiers: z.array(name).optional(),
  agents: table(agentName, agent),
  tools: table(name, tool).optional(),
  pools: table(name, z.strictObject({ models: table(modelName, model).optional() })).optional(),
  integrations: z.array(name).optional(),
});

const actas = z.strictObject({
  user: z
    .string()
    .regex(/^usr_[0-9a-z]+$/, "must be the id of a user, as dome users list shows it: usr_…")
    .optional(),
  provider: name,
  email: text.optional(),
  groups: z.array(text).optional(),
});

const HEADER = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
const request = z.strictObject({
  method: z.string().optional(),
  ip: z
    .string()
    .refine((address) => cedarAddress(address) !== null, "must be an IPv4 or IPv6 address")
    .optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, "must be a country code of two capital letters, such as DE")
    .optional(),
  user_agent: z.string().optional(),
  headers: z
    .record(z.string().regex(HEADER, "must be the name of a header in lower case"), z.string())
    .optional(),
});

const MODEL_ACTIONS = ["llm:chat", "llm:embed", "llm:hosted-tool", "llm:provider-state"] as const;
export const REASONS_OF_POLICY = [
  "permitted",
  "policy_forbidden",
  "policy_no_permit",
  "policy_error",
  "arguments_invalid",
  "arguments_unsupported",
] as const;

const testCase = z.strictObject({
  name: text,
  agent: agentName,
  /** The other agents of the chain, newest first. */
  on_behalf_of: z.union([agentName.transform((one) => [one]), z.array(agentName).min(1)]).optional(),
  tool: toolReference.optional(),
  model: modelReference.optional(),
  integration: name.optional(),
  delegate_to: agentName.optional(),
  action: z.enum(MODEL_ACTIONS).optional(),
  arguments: z.record(z.string(), z.unknown()).optional(),
  actas: actas.optional(),
  request: request.optional(),
  time: timeInput.optional(),
  decision: z.enum(["allow", "deny"]),
  reason: z.enum(REASONS_OF_POLICY).optional(),
  policies: z.array(text).optional(),
});

export const testFile = z.strictObject({
  policies,
  world,
  cases: z.array(testCase).min(1, "must have a case"),
});
export type TestFile = z.output<typeof testFile>;
export type TestWorld = TestFile["world"];
export type TestCase = TestFile["cases"][number];

/** What a case asks for: it has exactly one of these. */
export const ASKED = ["tool", "model", "integration", "delegate_to"] as const;
