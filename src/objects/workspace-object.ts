/**
 * The authority for a workspace's current configuration (its epoch) and for whether the workspace is halted. There is
 * one object per workspace, named by its id, and one named `org` for the organization's own configuration: tiers,
 * operators, signing keys. Changes go through D1 by the protocol in `configuration.ts`.
 */
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { WorkspaceAnswer } from "../lifecycle/lease.ts";
import type { Stops } from "../lifecycle/stops.ts";
import type { HaltProgress, HaltQuery } from "../operations/owners/halts.ts";
import type { Configured, OwnerRefusal } from "../operations/owners/owner-answer.ts";
import type {
  EvidenceReport,
  HeardOfWorkspace,
  WorkspaceCommand,
  WorkspaceContent,
  WorkspaceDescription,
  WorkspaceOwner,
  WorkspaceTransitionCommand,
  WorkspaceTransitioned,
} from "../operations/owners/workspace-owner.ts";
import type {
  ResumeUserCommand,
  Stopped,
  StoppedUser,
  StoppedUserQuery,
  StopTransactionCommand,
  StopUserCommand,
} from "../operations/owners/stop-commands.ts";
import type { EntryName } from "../registry/catalog.ts";
import { answerClaim, recordAnswer, type Claim, type RequestKey } from "../storage/idempotency.ts";
import { CATALOG_CHANGE_STEPS, CatalogChanges } from "./catalog-changes.ts";
import type { Configuration, Drawn, Fencing } from "./configuration.ts";
import { creationFencing, ownerFencing } from "./fencing.ts";
import type { ObjectDeps } from "./deps.ts";
import { EVIDENCE_STEPS, EvidenceTable } from "./evidence-table.ts";
import { stopped, workspaceTransitioned } from "./kept-answers.ts";
import { OwnerCore } from "./owner-core.ts";
import { OwnerShell } from "./owner-shell.ts";
import { STOP_STEPS, StopTable } from "./stop-table.ts";
import { WATCHER_STEPS, WatcherTable } from "./watcher-table.ts";
import { tellCatalog, tellCatalogSoon, tellHalt, watch } from "./watchers.ts";
import { contentStatements } from "./workspace-content.ts";
import {
  moveWorkspace,
  projectWorkspace,
  workspaceEffective,
  type WorkspaceParts,
  type WorkspaceTimer,
} from "./workspace-halting.ts";
import { askEvidence, noteEvidence, outranksEvidence } from "./workspace-evidence.ts";
import { leaseOf, stopsOf } from "./workspace-lease.ts";
import { WORKSPACE_STEPS, type StoredWorkspace } from "./workspace-schema.ts";
import { resumeUser, stopTransaction, stopUser, sweepStops } from "./workspace-stops.ts";

/**
 * An intended change: a workspace is created under its request's claim; every other change is made under the owner's
 * fence.
 */
type WorkspaceIntent =
  | { readonly kind: "create"; readonly owner: WorkspaceId; readonly claim: Claim }
  | {
      readonly kind: "change";
      readonly owner: WorkspaceId | "org";
      readonly fence: number;
      /** The catalog entry that changes. */
      readonly entry?: EntryName;
    };

export abstract class WorkspaceShell extends OwnerShell<WorkspaceTimer> implements WorkspaceOwner {
  readonly #core: OwnerCore<WorkspaceTimer>;
  readonly #parts: WorkspaceParts;
  readonly #configuration: Configuration<WorkspaceIntent>;

  constructor(state: DurableObjectState, raw: Cloudflare.Env, deps: ObjectDeps) {
    const core = new OwnerCore<WorkspaceTimer>(state, deps, "workspace", {
      workspace: WORKSPACE_STEPS,
      stops: STOP_STEPS,
      evidence: EVIDENCE_STEPS,
      watchers: WATCHER_STEPS,
      catalog_changes: CATALOG_CHANGE_STEPS,
    });
    super(state, raw, core);
    this.#core = core;
    const { sql } = core.parts;
    this.#parts = {
      ...core.parts,
      stops: new StopTable(sql),
      evidence: new EvidenceTable(sql),
      watchers: new WatcherTable(sql),
      catalogChanges: new CatalogChanges(sql),
    };
    this.#configuration = core.configuration<WorkspaceIntent>({
      fencing: (intent) => this.#fencing(intent),
      apply: (intent) => this.#apply(intent),
      abandon: (intent) => this.#abandon(intent),
    });
    if (state.id.name === "org" && this.#read() === null) this.#create("org");
    core.start({
      timers: {
        project: () => projectWorkspace(this.#parts),
        stops: () => sweepStops(this.#parts),
        evidence: () => askEvidence(this.#parts, state.id.name ?? "org"),
        tell_halt: () => tellHalt(this.#parts),
        tell_catalog: () => tellCatalog(this.#parts),
      },
      onEffective: (halt) => core.append(workspaceEffective(deps, halt)),
      recover: () => this.#configuration.recover(),
    });
  }

  /** Short and synchronous; it reads the row each time. A workspace without a row is halted: nothing is admitted. */
  lease(): Promise<WorkspaceAnswer> {
    return Promise.resolve(leaseOf(this.#parts, this.#read()));
  }

  stops(): Promise<Stops> {
    return Promise.resolve(stopsOf(this.#parts));
  }

  stoppedUsers(query: StoppedUserQuery): Promise<readonly StoppedUser[]> {
    return Promise.resolve(this.#parts.stops.stoppedUsers(query));
  }

  repeated(request: RequestKey | null): Promise<Configured | null> {
    return this.#configuration.repeated(request);
  }

  takeKey(request: RequestKey, by: string): Promise<boolean> {
    return this.#core.takeKey(request, by);
  }

  freeKey(by: string): Promise<void> {
    return this.#core.freeKey(by);
  }

  async isClean(): Promise<boolean> {
    return (await this.#configuration.settled()) === null;
  }

  async configure(command: WorkspaceCommand): Promise<Configured> {
    const { content, change, meta } = command;
    if (content.kind !== "create") {
      return this.#configuration.change(change, meta.request, () => this.#draw(command));
    }
    // The claim has the key of a creation, and an earlier attempt may have landed under it.
    const earlier = await this.repeated(content.claim);
    return earlier ?? this.#configuration.change(change, null, () => this.#draw(command));
  }

  #draw(command: WorkspaceCommand): Result<Drawn<WorkspaceIntent>, OwnerRefusal> {
    const { db, clock } = this.#parts.deps;
    const { content, change, meta } = command;
    const { request } = meta;
    const row = this.#read();
    if ((content.kind === "create") !== (row === null)) return err({ kind: "absent" });
    if (command.basedOn !== null && command.basedOn !== row?.config_epoch) return err({ kind: "stale" });
    const intent: WorkspaceIntent =
      content.kind === "create"
        ? { kind: "create", owner: content.id, claim: content.claim }
        : { kind: "change", owner: row?.id ?? "org", fence: row?.fence ?? 0, ...entryOf(content) };
    const { owner } = intent;
    if (this.#parts.evidence.level() === "full" && !outranksEvidence(content)) {
      return err({ kind: "evidence_full" });
    }
    return ok({
      intent,
      owner,
      content: contentStatements(db, owner, content, { change, epoch: (row?.config_epoch ?? 0) + 1 }),
      answer:
        intent.kind === "create"
          ? [answerClaim(db, intent.claim, 201, command.answer)]
          : request === null
            ? []
            : [recordAnswer(db, request, owner, 201, command.answer, clock.now())],
      audit: command.audit,
    });
  }

  async noteEvidence(report: EvidenceReport): Promise<void> {
    const { storage } = this.#core;
    storage.transactionSync(() => noteEvidence(this.#parts, report));
    await storage.sync();
  }

  describe(): Promise<WorkspaceDescription | null> {
    const row = this.#read();
    return Promise.resolve(row === null ? null : { halted: row.halted !== 0, configEpoch: row.config_epoch });
  }

  transition(command: WorkspaceTransitionCommand): Promise<Result<WorkspaceTransitioned, OwnerRefusal>> {
    return this.#core.once(command.meta.request, workspaceTransitioned, () =>
      moveWorkspace(this.#parts, command),
    );
  }

  stopUser(command: StopUserCommand): Promise<Result<Stopped, OwnerRefusal>> {
    return this.#core.once(command.meta.request, stopped, () => stopUser(this.#parts, command));
  }

  resumeUser(command: ResumeUserCommand): Promise<Result<Stopped, OwnerRefusal>> {
    return this.#core.once(command.meta.request, stopped, () => resumeUser(this.#parts, command));
  }

  stopTransaction(command: StopTransactionCommand): Promise<Result<Stopped, OwnerRefusal>> {
    return this.#core.once(command.meta.request, stopped, () => stopTransaction(this.#parts, command));
  }

  async watch(agent: AgentId, heard: HeardOfWorkspace): Promise<boolean> {
    const { storage } = this.#core;
    const isWatched = storage.transactionSync(() => watch(this.#parts, agent, heard));
    await storage.sync();
    return isWatched;
  }

  async unwatch(agent: AgentId): Promise<void> {
    this.#parts.watchers.drop(agent);
    await this.#core.storage.sync();
  }

  halt(id: string): Promise<HaltProgress | null> {
    return Promise.resolve(this.#parts.halts.progress(id));
  }

  halts(query: HaltQuery): Promise<HaltProgress[]> {
    return Promise.resolve(this.#parts.halts.list(query).map((halt) => this.#parts.halts.progressOf(halt)));
  }

  async awaitHalt(id: string, mostMs: number): Promise<HaltProgress | null> {
    await this.#parts.halts.waitEffective(id, mostMs);
    return this.#parts.halts.progress(id);
  }

  #fencing(intent: WorkspaceIntent): Fencing {
    if (intent.kind === "create")
      return creationFencing({ kind: "workspace", id: intent.owner }, intent.claim);
    const owner = { kind: intent.owner === "org" ? "org" : "workspace", id: intent.owner } as const;
    return ownerFencing(owner, intent.fence, (fence) => {
      this.#parts.sql.exec("UPDATE workspace SET fence = ?", fence);
    });
  }

  #apply(intent: WorkspaceIntent): void {
    if (intent.kind === "create") this.#create(intent.owner);
    else {
      this.#raise();
      if (intent.entry !== undefined)
        tellCatalogSoon(this.#parts, intent.entry, this.#read()?.config_epoch ?? 0);
    }
  }

  #abandon(intent: WorkspaceIntent): void {
    if (intent.kind === "change") this.#raise();
  }

  #create(id: WorkspaceId | "org"): void {
    this.#parts.sql.exec(
      "INSERT INTO workspace (one, id, config_epoch, halt_epoch, halted) VALUES (1, ?, 1, 1, 0)",
      id,
    );
  }

  #raise(): void {
    this.#parts.sql.exec("UPDATE workspace SET config_epoch = config_epoch + 1");
  }

  #read(): StoredWorkspace | null {
    return (
      this.#parts.sql.exec<StoredWorkspace>("SELECT * FROM workspace WHERE one = 1").toArray()[0] ?? null
    );
  }
}

/** The entry whose declarers are told of a change. */
function entryOf(content: WorkspaceContent): { readonly entry?: EntryName } {
  if (content.kind === "tool_operations" && content.operations.rows.length > 0)
    return { entry: { kind: "tool", name: content.name } };
  if (content.kind !== "catalog") return {};
  const { entry } = content;
  return { entry: { kind: entry.kind, name: entry.act === "add" ? entry.row.name : entry.name } };
}
