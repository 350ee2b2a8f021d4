/** The cases that every SDK must pass: sdk/conformance/cases.json, as its README describes it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ROOT } from "../../support/server.ts";

const within = { within_ms: z.int().positive().optional() };
const object = z.record(z.string(), z.unknown());
const request = z.strictObject({
  method: z.enum(["POST", "PATCH", "DELETE"]),
  path: z.string().startsWith("/api/v1/"),
  body: object.optional(),
});
const problem = z.enum(["configuration", "credential", "connection", "denied"]);

const expected = z.union([
  z.strictObject({ error: problem }),
  z.strictObject({
    decision: z.enum(["allow", "deny"]),
    reason: z.union([z.string(), z.array(z.string())]),
    local: z.boolean(),
    callbacks: z.array(z.enum(["allow", "deny"])),
    decision_id: z.boolean().optional(),
    change: z.boolean().optional(),
  }),
]);
export type Expected = z.output<typeof expected>;

const STEPS = {
  admin: request,
  rotate: z.strictObject({ agent: z.string(), overlap_seconds: z.int() }),
  client: z.strictObject({
    as: z.string(),
    agent: z.string(),
    key: z.enum(["newest", "unknown", "malformed", "latest"]).default("newest"),
    clock_skew_ms: z.int().default(0),
    own_process: z.boolean().default(false),
    raise_on_error: z.boolean().default(false),
    error: problem.optional(),
  }),
  start: z.strictObject({ client: z.string(), error: problem.optional() }),
  token: z.strictObject({ client: z.string(), as: z.string() }),
  check: z.strictObject({
    client: z.string(),
    tool: z.string().optional(),
    model: z.string().optional(),
    integration: z.string().optional(),
    arguments: object.optional(),
    as_user: z.string().optional(),
    audience: z.string().default("app"),
    on_behalf_of: z.string().optional(),
    expect: expected,
    ...within,
  }),
  work: z.strictObject({ client: z.string(), as: z.string(), tool: z.string() }),
  finish: z.strictObject({ work: z.string() }),
  expect_work: z.strictObject({
    work: z.string(),
    state: z.enum(["running", "finished", "aborted"]),
    ...within,
  }),
  heard: z.strictObject({ client: z.string(), types: z.array(z.string()), ...within }),
  drained: z.strictObject({ client: z.string(), is: z.boolean(), ...within }),
  network: z.strictObject({ client: z.string(), is: z.enum(["open", "cut", "losing_answers"]) }),
  emit: z.strictObject({
    client: z.string(),
    kind: z.string(),
    data: object.default({}),
    of_last_decision: z.boolean().default(false),
  }),
  flush: z.strictObject({ client: z.string(), waiting: z.int(), ...within }),
  recorded: z.strictObject({ agent: z.string(), kind: z.string(), count: z.int(), ...within }),
  close: z.strictObject({ client: z.string() }),
} as const;

const step = z
  .strictObject(STEPS)
  .partial()
  .refine((each) => Object.keys(each).length === 1, {
    message: "a step has one member, its kind",
  });
export type Step = z.output<typeof step>;

const agent = z.looseObject({ activate: z.boolean().default(true) });

const conformanceCase = z.strictObject({
  name: z.string(),
  rule: z.string(),
  agents: z.record(z.string(), agent),
  steps: z.array(step).min(1),
});
export type Case = z.output<typeof conformanceCase>;

const file = z.strictObject({ setup: z.array(request), cases: z.array(conformanceCase).min(1) });

const parsed = file.parse(JSON.parse(readFileSync(join(ROOT, "sdk/conformance/cases.json"), "utf8")));

export const SETUP = parsed.setup;
export const CASES = parsed.cases;
export const RULES: ReadonlySet<string> = new Set(parsed.cases.map(({ rule }) => rule));
