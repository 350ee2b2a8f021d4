/**
 * Resolves the filters of the ledger: agents by name or id, users by id, e-mail address or identity at the provider,
 * keys by id. A filter that names nothing is refused, because an empty answer would read as "nothing happened". Agents,
 * keys and users are looked up first. Other filters are checked only after a query that found nothing, so that most
 * queries need no check.
 */
import type { AuditQuery } from "../contract/audit.ts";
import { isReason } from "../contract/reasons.ts";
import { userIdOf } from "../contract/user-id.ts";
import { findKey } from "../credentials/key-reads.ts";
import { defined } from "../kernel/defined.ts";
import { isId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { hasOperator } from "../operators/token-reads.ts";
import { findAgent } from "../registry/agents.ts";
import { offersTool } from "../registry/catalog.ts";
import type { WorkspaceRow } from "../registry/workspaces.ts";
import { isFresh } from "./answer/fresh-record.ts";
import { memberRefusal, namesNothing, shown, type Refusal } from "./answer/refusal.ts";
import type { NamingFilter } from "./owners/ledger-reader.ts";
import type { ReceiptPorts } from "./read-halt.ts";

/** The filters in the form that the ledger accepts. */
export type AuditFilters = Partial<AuditQuery>;

/** A user by id, by e-mail address, or by its identity at the provider. */
export interface UserFilter {
  readonly user?: string | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  readonly tenant?: string | undefined;
}

export interface Searched {
  /** The workspace; null for the organization's ledger, which has neither agents nor users. */
  readonly row: WorkspaceRow | null;
  readonly place: string;
}

/** The filters with ids instead of names. */
export async function resolveNames(
  ports: ReceiptPorts,
  searched: Searched,
  { user: who, issuer, subject, tenant, ...filters }: AuditFilters & UserFilter,
): Promise<Result<AuditFilters, Refusal>> {
  const agent = await agentId(ports, searched, filters.agent, "agent");
  if (!agent.ok) return agent;
  const actor = await agentId(ports, searched, filters.actor, "actor");
  if (!actor.ok) return actor;
  const user = await userIdFor(ports, searched, { user: who, issuer, subject, tenant });
  if (!user.ok) return user;
  const holder = await keyHolder(ports, searched, filters.key);
  if (!holder.ok) return holder;
  return ok({
    ...filters,
    // Only its agent uses a key, and an index finds the agent's records.
    ...defined({ agent: agent.value, actor: actor.value ?? holder.value, user: user.value }),
  });
}

async function agentId(
  { db }: ReceiptPorts,
  { row, place }: Searched,
  reference: string | undefined,
  member: string,
): Promise<Result<string | undefined, Refusal>> {
  if (reference === undefined || (row === null && isId("agt", reference))) return ok(reference);
  const found = row === null ? undefined : await findAgent(db, row.id, reference);
  if (found !== undefined) return ok(found.id);
  return err(namesNothing(member, `No agent${shown(reference)} exists in ${place}.`));
}

/** @returns the id of the one user that the filter names. */
export async function userIdFor(
  { ledgers }: Pick<ReceiptPorts, "ledgers">,
  { row, place }: Searched,
  { user, issuer, subject, tenant }: UserFilter,
): Promise<Result<string | undefined, Refusal>> {
  if (issuer !== undefined || subject !== undefined || tenant !== undefined) {
    if (user !== undefined)
      return err(malformed("user", "user and issuer, subject, tenant exclude each other."));
    if (issuer === undefined)
      return err(malformed("issuer", "issuer is missing: give issuer and subject together."));
    if (subject === undefined)
      return err(malformed("subject", "subject is missing: give issuer and subject together."));
    return ok(userIdOf(row?.id ?? "", issuer, tenant, subject));
  }
  if (user === undefined || !user.includes("@")) return ok(user);
  const [found, ...others] = row === null ? [] : await ledgers.users(row.id, { email: user, limit: 20 });
  if (found === undefined)
    return err(namesNothing("user", `No agent has acted for a user with this e-mail address in ${place}.`));
  if (others.length === 0) return ok(found.id);
  const all = [found, ...others].map(({ id, issuer: at }) => (at === null ? id : `${id} (${at})`));
  return err(
    malformed("user", `Several users have this e-mail address: ${all.join(", ")}. Use the id of one.`),
  );
}

/** @returns the agent that the key belongs to. */
async function keyHolder(
  { db }: ReceiptPorts,
  { row, place }: Searched,
  key: string | undefined,
): Promise<Result<string | undefined, Refusal>> {
  if (key === undefined) return ok(undefined);
  const found = row === null || !isId("key", key) ? undefined : await findKey(db, key);
  if (found !== undefined && found.workspace === row?.id) return ok(found.agent);
  return err(namesNothing("key", `No key${shown(key)} exists in ${place}.`));
}

const UNKNOWN: Readonly<Record<NamingFilter, string>> = {
  operator: "No operator token has or had this subject, and it has no records",
  reason: "The value is not a reason code, and no record has it",
  request_id: "No record has this request id",
  tool: "The catalog has no tool with this name, and no record names it",
  txn: "No record has this transaction",
  user: "No agent has acted for this user, and no record names the user",
};

/**
 * The refusal of the first filter that names nothing, for a query that found nothing.
 * @param seesOperators whether the reader may know which operators exist (P11).
 */
export async function unknownFilter(
  { ledgers, db, clock }: ReceiptPorts,
  {
    ledger,
    place,
    workspace,
    filters,
  }: {
    readonly ledger: string;
    readonly place: string;
    readonly workspace: WorkspaceRow["id"] | null;
    readonly filters: AuditFilters;
  },
  seesOperators: boolean,
): Promise<Refusal | null> {
  const { operator, reason, request_id, tool, txn, user } = filters;
  const named = defined({ operator, reason, request_id, tool, txn, user });
  const isKnown = async (filter: NamingFilter, value: string): Promise<boolean> => {
    switch (filter) {
      case "operator":
        return value === "admin" || (seesOperators && (await hasOperator(db, value)));
      case "tool":
        return workspace !== null && (await offersTool(db, workspace, value));
      case "reason":
        return isReason(value);
      default:
        return (isId("req", value) || isId("txn", value)) && isFresh(value, clock.now());
    }
  };
  if (Object.keys(named).length === 0) return null;
  for (const filter of await ledgers.unknown(ledger, named)) {
    if (!(await isKnown(filter, named[filter] ?? "")))
      return namesNothing(filter, `${UNKNOWN[filter]} in ${place}.`);
  }
  return null;
}

const malformed = (member: string, detail: string): Refusal =>
  memberRefusal("invalid_request", member, detail);
