/**
 * Stopping and resuming a user, and stopping a transaction, in one workspace (P3). Each runs inside one transaction of
 * the workspace's object, like a halt of the whole workspace, and asks neither D1 nor `org`. Every door learns of it
 * through the workspace's lease.
 */
import type { HaltId, WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { STOPPED_TXN_KEEP_MS } from "../lifecycle/lease.ts";
import type { StoredHalt } from "../operations/owners/halts.ts";
import type { OwnerRefusal } from "../operations/owners/owner-answer.ts";
import type {
  ResumeUserCommand,
  Stopped,
  StopTransactionCommand,
  StopUserCommand,
} from "../operations/owners/stop-commands.ts";
import type { WorkspaceParts } from "./workspace-halting.ts";

/**
 * Stops a user. For a user who is already stopped, the answer has the halt that is not effective yet, so that the
 * caller is never told that the stop is complete when it is not.
 */
export function stopUser(parts: WorkspaceParts, command: StopUserCommand): Result<Stopped, OwnerRefusal> {
  const workspace = workspaceOf(parts);
  if (workspace === null) return err({ kind: "absent" });
  const { user, halt } = command;
  const row = parts.stops.user(user);
  if (row !== null && row.stopped !== 0) return ok(already(parts, row.halt));
  const now = parts.deps.clock.now();
  parts.stops.stopUser(user, halt, now);
  commit(parts, workspace, command, { kind: "user", user }, now);
  return ok({ stopped: true, changed: true, halt });
}

export function resumeUser(
  parts: WorkspaceParts,
  { user, audit }: ResumeUserCommand,
): Result<Stopped, OwnerRefusal> {
  if (workspaceOf(parts) === null) return err({ kind: "absent" });
  const row = parts.stops.user(user);
  if (row === null || row.stopped === 0) return ok({ stopped: false, changed: false, halt: null });
  const now = parts.deps.clock.now();
  parts.stops.resumeUser(user, now);
  parts.timerTable.ensure("stops", "", now + STOPPED_TXN_KEEP_MS);
  parts.outbox.append(audit);
  return ok({ stopped: false, changed: true, halt: null });
}

export function stopTransaction(
  parts: WorkspaceParts,
  command: StopTransactionCommand,
): Result<Stopped, OwnerRefusal> {
  const workspace = workspaceOf(parts);
  if (workspace === null) return err({ kind: "absent" });
  const { txn, halt } = command;
  const now = parts.deps.clock.now();
  const earlier = parts.stops.haltOfTransaction(txn, now);
  if (earlier !== null) return ok(already(parts, earlier));
  parts.stops.stopTransaction(txn, halt, now);
  parts.timerTable.ensure("stops", "", now + STOPPED_TXN_KEEP_MS);
  commit(parts, workspace, command, { kind: "transaction", txn }, now);
  return ok({ stopped: true, changed: true, halt });
}

/**
 * Timer `stops`.
 * @returns when the next row can be deleted (milliseconds since the epoch); undefined when there is none.
 */
export const sweepStops = ({ deps, stops }: Pick<WorkspaceParts, "deps" | "stops">): number | undefined =>
  stops.sweep(deps.clock.now()) ?? undefined;

function already({ halts }: WorkspaceParts, halt: string): Stopped {
  const earlier = halts.find(halt);
  const pending = earlier !== null && earlier.effectiveAt === null ? earlier.id : null;
  return { stopped: true, changed: false, halt: pending };
}

function commit(
  { halts, outbox }: WorkspaceParts,
  workspaceId: WorkspaceId,
  { halt, meta, reason, audit }: StopUserCommand | StopTransactionCommand,
  what: Pick<StoredHalt, "kind" | "user" | "txn">,
  committedAt: number,
): void {
  outbox.append(audit);
  const id: HaltId = halt;
  halts.commit({
    id,
    ...what,
    workspaceId,
    agents: [],
    keys: [],
    operator: meta.operator,
    reason,
    committedAt,
    effectiveAt: null,
  });
}

/** The workspace's id; null when there is no row, or for `org`, which has no users. */
function workspaceOf({ sql }: WorkspaceParts): WorkspaceId | null {
  const [row] = sql.exec<{ id: WorkspaceId | "org" }>("SELECT id FROM workspace WHERE one = 1").toArray();
  return row === undefined || row.id === "org" ? null : row.id;
}
