/**
 * A recorded decision as a call that can be decided again. The record says who called, for whom, and with what; the agents'
 * other settings and the definitions of the catalog are those of today.
 */
import { z } from "zod";
import { parseAccessRequest } from "../../access/access-request.ts";
import { deniedByCatalog } from "../../access/catalog-denials.ts";
import type { Chain } from "../../access/chain.ts";
import type { AccessRequest } from "../../access/evaluate.ts";
import type { Call } from "../../access/policy-step.ts";
import type { StoredRecord } from "../../contract/audit.ts";
import { action as actions } from "../../contract/check.ts";
import { decidedOn, type DecidedOn } from "../../contract/decided-on.ts";
import type { ReplayGap } from "../../contract/policy.ts";
import { defined } from "../../kernel/defined.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { touches, type Path } from "../../policy/context-reads.ts";
import type { RegisteredAgent } from "../../registry/agents.ts";
import type { Catalog } from "../../registry/catalog.ts";

/** What a record does not have: the policies that read it cannot decide the call again. */
export interface Unknown {
  readonly path: Path;
  readonly gap: ReplayGap;
}

export interface RecordedCall {
  readonly asked: AccessRequest;
  readonly call: Call;
  readonly unknown: readonly Unknown[];
  /** An agent of the chain has changed since. */
  readonly assumed: boolean;
}

/** What records name by id. */
interface Named {
  readonly catalog: Catalog;
  readonly agents: ReadonlyMap<string, RegisteredAgent>;
  /** Names of identity providers. */
  readonly providers: ReadonlyMap<string, string>;
}

/** Of `data`, what a call is made of. */
const recordedData = z.object({
  decided_on: decidedOn.optional(),
  headers: z.record(z.string(), z.string()).default({}),
  provider: z.string().optional(),
  /** What was too large to be recorded. */
  omitted: z.array(z.string()).default([]),
});
type Data = z.output<typeof recordedData>;

/** @returns null: the policies had no part in the decision. */
export function recordedCall(record: StoredRecord, named: Named): Result<RecordedCall, ReplayGap> | null {
  const read = recordedData.safeParse(record.data ?? {});
  const action = actions.safeParse(record.action);
  if (!read.success || !action.success || read.data.omitted.includes("data")) return err("not_recorded");
  const { decided_on: then, omitted } = read.data;
  if (then === undefined) return null;
  const chain = chainThen(record, then, named.agents);
  const asked = parseAccessRequest({ action: action.data, resource: record.target?.id });
  if (chain === null || !asked.ok) return err("not_recorded");
  const agents = chain.map(({ agent }) => agent) as unknown as Chain;
  if (deniedByCatalog({ catalog: named.catalog, agents }, asked.value) !== undefined)
    return err("resource_gone");
  return ok({
    asked: asked.value,
    call: {
      agents,
      catalog: named.catalog,
      user: userOf(record, read.data, named),
      args: record.arguments,
      circumstances: circumstancesOf(record, read.data),
    },
    unknown: unknownIn(record, omitted),
    assumed: chain.some(({ changed }) => changed),
  });
}

/** The agents with the tiers that they had; null: the record does not name all of them. */
function chainThen(
  { chain = [] }: StoredRecord,
  { agents: then }: DecidedOn,
  agents: Named["agents"],
): readonly { readonly agent: RegisteredAgent; readonly changed: boolean }[] | null {
  const known = chain.flatMap(({ agent: id }, at) => {
    const agent = agents.get(id);
    const was = then[at];
    return agent === undefined || was === undefined
      ? []
      : [{ agent: { ...agent, tier: was.tier }, changed: agent.recordVersion !== was.version }];
  });
  return known.length === then.length ? known : null;
}

const userOf = ({ user }: StoredRecord, { provider = "" }: Data, { providers }: Named): Call["user"] =>
  user === undefined ? null : { id: user.id, provider: providers.get(provider) ?? null };

function circumstancesOf({ user, request, time }: StoredRecord, { headers }: Data): Call["circumstances"] {
  const { method, country, ip, user_agent } = request ?? {};
  return {
    user:
      user === undefined
        ? null
        : defined({
            email: clear(user.email),
            groups: Array.isArray(user.groups) ? user.groups : undefined,
          }),
    request: { method, country, ip: clear(ip), user_agent: clear(user_agent) },
    headers,
    now: Date.parse(time),
  };
}

function unknownIn(record: StoredRecord, omitted: readonly string[]): readonly Unknown[] {
  const { user, request, arguments: args, arguments_digest } = record;
  const erased = [
    { path: ["actas", "email"], value: user?.email },
    { path: ["actas", "groups"], value: user?.groups },
    { path: ["request", "ip"], value: request?.ip },
    { path: ["request", "user_agent"], value: request?.user_agent },
  ].filter(({ value }) => isErased(value));
  return [
    ...erased.map(({ path }): Unknown => ({ path, gap: "erased" })),
    ...(omitted.includes("user.groups") ? [{ path: ["actas", "groups"], gap: "groups" } as const] : []),
    ...(args === undefined && arguments_digest !== undefined
      ? [{ path: ["arguments"], gap: "arguments" } as const]
      : []),
  ];
}

/** What the policies read and the record lacks; null: nothing. */
export const gapFor = (unknown: readonly Unknown[], reads: readonly Path[]): ReplayGap | null =>
  unknown.find(({ path }) => reads.some((read) => touches(read, path)))?.gap ?? null;

const isErased = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const clear = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
