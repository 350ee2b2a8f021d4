/** A record of the ledger for people: names, and ids only where there is no name. The wide table has the ids. */
import { z } from "zod";
import type { AuditEntry, ShownEntry } from "../../../contract/audit.ts";
import { connectionInWords } from "../../../contract/mcp-operations.ts";
import { called, chainText, type Names } from "../../names.ts";
import type { Cell } from "../../output.ts";
import { bundleName } from "../policy/scope.ts";
import { markedKind } from "./self-reported.ts";

export const COLUMNS = [
  "TIME",
  "SEQ",
  "KIND",
  "OPERATOR",
  "AGENT",
  "USER",
  "WHAT",
  "DECISION",
  "OUTCOME",
  "REASON",
  "ID",
];
export const WIDE_COLUMNS = [...COLUMNS, "AGENT ID", "USER ID", "TRANSACTION", "REQUEST"];

/** @param time formats the time of the record. */
export const cells = (entry: ShownEntry, time: (iso: string) => Cell): Cell[] => [
  time(entry.time),
  entry.seq,
  markedKind(entry),
  operatorOf(entry),
  agentsOf(entry, entry.names),
  userOf(entry, entry.names),
  what(entry, entry.names),
  entry.decision ?? null,
  entry.outcome ?? null,
  entry.reason ?? null,
  entry.id,
];

export const wideCells = (entry: ShownEntry, time: (iso: string) => Cell): Cell[] => [
  ...cells(entry, time),
  entry.agent ?? null,
  entry.user?.id ?? null,
  entry.txn ?? null,
  entry.request_id ?? null,
];

export function operatorOf({ operator }: AuditEntry): string | null {
  if (operator === undefined) return null;
  return typeof operator.subject === "string" ? operator.subject : "(erased)";
}

/** All agents that took part, the current actor first. */
export function agentsOf({ agent, chain }: AuditEntry, names: Names): string | null {
  const ids = chain?.map((link) => link.agent) ?? (agent === undefined ? [] : [agent]);
  return ids.length === 0 ? null : chainText(names, ids);
}

/** The user for whom it was done. */
export const userOf = ({ user }: AuditEntry, names: Names): string | null =>
  user === undefined ? null : called(names, user.id);

/** Of a record about a policy bundle. */
const bundleData = z.object({
  scope: z.enum(["organization", "workspace", "tier", "agent"]),
  name: z.string().nullable(),
  version: z.int().nullish(),
});

/** `tier:standard 3`: a bundle, and the version that it was about. */
function bundleOf(data: object | undefined): string | undefined {
  const parsed = bundleData.safeParse(data);
  if (!parsed.success) return undefined;
  const { version } = parsed.data;
  return [bundleName(parsed.data), ...(version == null ? [] : [String(version)])].join(" ");
}

/** The target of the act. */
export function what({ target, operator, agent, data }: AuditEntry, names: Names): string | null {
  const bundle = target?.type === "policy_bundle" ? bundleOf(data) : undefined;
  if (bundle !== undefined) return bundle;
  if (target !== undefined) return called(names, target.id);
  return operator === undefined || agent === undefined ? null : called(names, agent);
}

/** What passes in a session of MCP beside requests, in words; undefined for anything else. */
export const messageOf = ({ target }: AuditEntry): string | undefined =>
  target === undefined ? undefined : connectionInWords(target.id.slice(target.id.indexOf("/") + 1));
