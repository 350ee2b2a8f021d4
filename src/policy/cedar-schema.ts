/**
 * The schema of the namespace `Dome`: the words that a policy may use (docs/policies.md). It is strict, and the same for every
 * bundle; only for a policy that reads the arguments of an operation it is specialised with that operation's.
 */
import type { SchemaJson, Type } from "@cedar-policy/cedar-wasm/web";
import { toBase64Url, utf8 } from "../kernel/bytes.ts";
import { sha256Sync } from "../kernel/digest.ts";
import type { RecordShape, Shape } from "./argument-shape.ts";
import { POLICY_ACTIONS, type PolicyAction } from "./shape.ts";

type CedarType = Type<string>;
type Attributes = Readonly<Record<string, CedarType & { readonly required?: boolean }>>;

const STRING: CedarType = { type: "String" };
const LONG: CedarType = { type: "Long" };
const BOOLEAN: CedarType = { type: "Boolean" };
const extension = (name: string): CedarType => ({ type: "Extension", name });
const entity = (name: string): CedarType => ({ type: "Entity", name });
const setOf = (element: CedarType): CedarType => ({ type: "Set", element });
const record = (attributes: Attributes): CedarType => ({ type: "Record", attributes: { ...attributes } });
/** A policy has to test for it with `has`. */
const optional = (type: CedarType): CedarType & { readonly required: false } => ({
  ...type,
  required: false,
});

const TOOL_PART: Attributes = { tool: STRING, operation: optional(STRING), read_only: BOOLEAN };

/** The type of the resource that an action is on. */
export const RESOURCE_TYPES = {
  "mcp:call": "MCPTool",
  "http:call": "HTTPRoute",
  "tool:use": "LocalTool",
  "llm:chat": "LLMModel",
  "llm:embed": "LLMModel",
  "llm:hosted-tool": "LLMModel",
  "llm:provider-state": "LLMModel",
  "integration:use": "Integration",
  "agent:delegate": "Agent",
} as const satisfies Readonly<Record<PolicyAction, string>>;

const ENTITY_TYPES: SchemaJson<string>[string]["entityTypes"] = {
  Workspace: {},
  Tier: {},
  Tool: {},
  Pool: {},
  User: {},
  Headers: { tags: STRING },
  Agent: {
    memberOfTypes: ["Workspace", "Tier", "Agent"],
    shape: record({ name: STRING, owner: STRING, steward: STRING, tier: STRING, trust: LONG }),
    tags: STRING,
  },
  MCPTool: { memberOfTypes: ["Tool"], shape: record(TOOL_PART) },
  HTTPRoute: {
    memberOfTypes: ["Tool"],
    shape: record({ ...TOOL_PART, method: optional(STRING), path: optional(STRING) }),
  },
  LocalTool: { memberOfTypes: ["Tool"], shape: record(TOOL_PART) },
  LLMModel: {
    memberOfTypes: ["Pool"],
    shape: record({
      pool: STRING,
      model: optional(STRING),
      provider: optional(STRING),
      region: optional(STRING),
      price_tier: optional(STRING),
      service_tier: optional(STRING),
    }),
  },
  Integration: { shape: record({ name: STRING }) },
};

const CONTEXT: Attributes = {
  actas: optional(
    record({
      user: entity("User"),
      provider: STRING,
      email: optional(STRING),
      groups: optional(setOf(STRING)),
    }),
  ),
  chain: record({
    depth: LONG,
    actor: entity("Agent"),
    origin: entity("Agent"),
    agents: setOf(entity("Agent")),
  }),
  request: record({
    method: optional(STRING),
    ip: optional(extension("ipaddr")),
    country: optional(STRING),
    user_agent: optional(STRING),
    headers: entity("Headers"),
  }),
  time: record({ now: extension("datetime"), hour: LONG, minute: LONG, weekday: LONG }),
};

/** The arguments of the one operation whose action is named. */
interface Specialised {
  readonly action: PolicyAction;
  readonly shape: RecordShape;
}

export function domeSchema(specialised: Specialised | null): SchemaJson<string> {
  const actions = POLICY_ACTIONS.map((action) => {
    const context =
      specialised?.action === action ? { ...CONTEXT, arguments: typeOf(specialised.shape) } : CONTEXT;
    const appliesTo = {
      principalTypes: ["Agent"],
      resourceTypes: [RESOURCE_TYPES[action]],
      context: record(context),
    };
    return [action, { appliesTo }] as const;
  });
  return { Dome: { entityTypes: ENTITY_TYPES, actions: Object.fromEntries(actions) } };
}

/**
 * A key of what a policy is validated against: equal keys are equal schemas, read by the same version of Cedar.
 * @param version of Cedar.
 * @returns the key for each operation; null: of no arguments. The schema that all share is digested once.
 */
export function schemaKeys(version: string): (specialised: Specialised | null) => string {
  const shared = digestOf([version, domeSchema(null)]);
  return (specialised) =>
    specialised === null ? shared : digestOf([shared, specialised.action, typeOf(specialised.shape)]);
}

const digestOf = (value: unknown): string => toBase64Url(sha256Sync(utf8(JSON.stringify(value))));

function typeOf(shape: Shape): CedarType {
  switch (shape.kind) {
    case "string":
      return STRING;
    case "long":
      return LONG;
    case "decimal":
      return extension("decimal");
    case "boolean":
      return BOOLEAN;
    case "set":
      return setOf(typeOf(shape.element));
    case "record":
      return record(
        Object.fromEntries(
          Array.from(shape.members, ([name, member]) => {
            const type = typeOf(member.shape);
            return [name, member.isRequired ? type : optional(type)];
          }),
        ),
      );
  }
}
