/**
 * Halt and resume of one workspace. Both run inside one transaction of its object and ask neither D1 nor `org`. Each
 * raises the halt epoch, so that a resume never revives a token from before the halt (P3).
 */
import { draftRecord } from "../audit/record.ts";
import type { AuditDraft } from "../contract/audit.ts";
import { defined } from "../kernel/defined.ts";
import type { WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { StoredHalt } from "../operations/owners/halts.ts";
import type { OwnerRefusal } from "../operations/owners/owner-answer.ts";
import type {
  WorkspaceTransitionCommand,
  WorkspaceTransitioned,
} from "../operations/owners/workspace-owner.ts";
import { projectHalt } from "../registry/workspaces.ts";
import type { ObjectDeps } from "./deps.ts";
import type { OwnerParts } from "./owner-core.ts";
import type { EvidenceTable } from "./evidence-table.ts";
import type { CatalogChanges } from "./catalog-changes.ts";
import type { StopTable } from "./stop-table.ts";
import type { WatcherTable } from "./watcher-table.ts";
import { tellHaltSoon } from "./watchers.ts";

/** The kinds of timers of a workspace's object, in addition to those of every owner. */
export type WorkspaceTimer = "project" | "stops" | "evidence" | "tell_halt" | "tell_catalog";

export interface WorkspaceParts extends OwnerParts<WorkspaceTimer> {
  readonly stops: StopTable;
  readonly evidence: EvidenceTable;
  readonly watchers: WatcherTable;
  readonly catalogChanges: CatalogChanges;
}

type Row = { readonly id: WorkspaceId | "org"; readonly halt_epoch: number; readonly halted: number };

/** Carries a command out. A command for the state that already holds changes nothing. */
export function moveWorkspace(
  parts: WorkspaceParts,
  command: WorkspaceTransitionCommand,
): Result<WorkspaceTransitioned, OwnerRefusal> {
  const row = read(parts);
  if (row === null || row.id === "org") return err({ kind: "absent" });
  const halts = command.command === "halt";
  if ((row.halted !== 0) === halts) {
    // A halt of a workspace that is already halted returns the halt that is not effective yet, so that the caller is
    // never told that the stop is complete when it is not (P3).
    const underWay = halts ? parts.halts.pending().at(-1) : undefined;
    return ok({ halted: halts, changed: false, halt: underWay?.id ?? null });
  }
  const haltEpoch = row.halt_epoch + 1;
  const now = parts.deps.clock.now();
  parts.sql.exec("UPDATE workspace SET halted = ?, halt_epoch = ?", halts ? 1 : 0, haltEpoch);
  parts.timerTable.set("project", "", now);
  tellHaltSoon(parts);
  parts.outbox.append(command.audit);
  if (!halts) return ok({ halted: false, changed: true, halt: null });
  parts.halts.commit({
    id: command.halt,
    kind: "workspace",
    workspaceId: row.id,
    agents: [],
    keys: [],
    haltEpoch,
    operator: command.meta.operator,
    reason: command.reason,
    committedAt: now,
    effectiveAt: null,
  });
  return ok({ halted: true, changed: true, halt: command.halt });
}

/** Timer `project`: writes the state to the registry, for lists. */
export async function projectWorkspace(parts: Pick<WorkspaceParts, "deps" | "sql">): Promise<void> {
  const row = read(parts);
  if (row === null || row.id === "org") return;
  await projectHalt(parts.deps.db, row.id, row.halted !== 0, row.halt_epoch);
}

/** The audit record of a halt that becomes effective. */
export const workspaceEffective = (deps: ObjectDeps, halt: StoredHalt): AuditDraft =>
  draftRecord(deps, {
    workspace: halt.workspaceId,
    kind: "halt.effective",
    operator: halt.operator,
    target: { type: "halt", id: halt.id },
    ...defined({ user: halt.user === undefined ? undefined : { id: halt.user }, txn: halt.txn }),
    data: { kind: halt.kind, halt_epoch: halt.haltEpoch ?? null },
  });

const read = ({ sql }: Pick<WorkspaceParts, "sql">): Row | null =>
  sql.exec<Row>("SELECT id, halt_epoch, halted FROM workspace WHERE one = 1").toArray()[0] ?? null;
