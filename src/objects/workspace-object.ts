/**
 * The authority for which configuration is current (its epoch), and whether a workspace is halted. One per workspace,
 * named by its id, and one named `org` for what belongs to the whole installation: tiers, operators, signing keys.
 * Changes go through D1 by the protocol in `configuration.ts`.
 */
import { DurableObject } from "cloudflare:workers";
import type { AuditDraft, AuditRecord } from "../contract/audit.ts";
import type { HaltId, WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { WorkspaceAnswer } from "../lifecycle/lease.ts";
import type { Stops } from "../lifecycle/stops.ts";
import type {
  Configured,
  HaltProgress,
  OwnerRefusal,
  WorkspaceCommand,
  WorkspaceDescription,
  WorkspaceOwner,
  WorkspaceTransitionCommand,
  WorkspaceTransitioned,
} from "../operations/owners.ts";
import type {
  ResumeUserCommand,
  Stopped,
  StopTransactionCommand,
  StopUserCommand,
} from "../operations/stop-commands.ts";
import { appendAudit } from "../storage/audit-outbox.ts";
import {
  answerClaim,
  findAnswer,
  recordAnswer,
  type Claim,
  type RequestKey,
} from "../storage/idempotency.ts";
import { answerOnce } from "./answer-once.ts";
import { ANSWER_STEPS, AnswerTable } from "./answer-table.ts";
import { OutboxRelay } from "./outbox-relay.ts";
import { Configuration, CONFIGURATION_STEPS, type Fencing } from "./configuration.ts";
import { configured } from "./configured.ts";
import { creationFencing, ownerFencing } from "./fencing.ts";
import { HALT_STEPS, HaltTable } from "./halt-table.ts";
import { Outbox } from "./outbox.ts";
import type { ObjectPorts } from "./ports.ts";
import { runSchemaSteps } from "./schema-steps.ts";
import { STOP_STEPS, StopTable } from "./stop-table.ts";
import { TimerTable } from "./timer-table.ts";
import { contentStatements } from "./workspace-content.ts";
import {
  moveWorkspace,
  projectWorkspace,
  workspaceEffective,
  type WorkspaceParts,
} from "./workspace-halting.ts";
import { leaseOf, stopsOf } from "./workspace-lease.ts";
import { WORKSPACE_STEPS, type StoredWorkspace } from "./workspace-schema.ts";
import { resumeUser, stopTransaction, stopUser, sweepStops } from "./workspace-stops.ts";

/** What is intended: a workspace is created under its request's claim, everything else under the owner's fence. */
type WorkspaceIntent =
  | { readonly kind: "create"; readonly owner: WorkspaceId; readonly claim: Claim }
  | { readonly kind: "change"; readonly owner: WorkspaceId | "org"; readonly fence: number };

export abstract class WorkspaceShell extends DurableObject implements WorkspaceOwner {
  readonly #ports: ObjectPorts;
  readonly #storage: DurableObjectStorage;
  readonly #table: TimerTable;
  readonly #relay: OutboxRelay;
  readonly #answers: AnswerTable;
  readonly #parts: WorkspaceParts;
  readonly #configuration: Configuration<WorkspaceIntent>;

  constructor(state: DurableObjectState, raw: Cloudflare.Env, ports: ObjectPorts) {
    super(state, raw);
    const { storage } = state;
    const { name } = state.id;
    if (name === undefined) throw new Error("an owner object is reached by its name only");
    runSchemaSteps(storage, "workspace", WORKSPACE_STEPS);
    runSchemaSteps(storage, "configuration", CONFIGURATION_STEPS);
    runSchemaSteps(storage, "answers", ANSWER_STEPS);
    runSchemaSteps(storage, "halts", HALT_STEPS);
    runSchemaSteps(storage, "stops", STOP_STEPS);
    this.#ports = ports;
    this.#storage = storage;
    const outbox = new Outbox(storage, `workspace:${name}`);
    this.#table = new TimerTable({
      ...ports,
      storage,
      handlers: {
        outbox: (timer) => this.#relay.handlers.outbox(timer),
        outbox_note: () => this.#relay.handlers.outbox_note(),
        d1_outbox: () => this.#relay.handlers.d1_outbox(),
        recover: () => this.#recover(),
        halt: (timer) => halts.onTimer(timer.key),
        project: () => projectWorkspace(this.#parts),
        stops: () => sweepStops(this.#parts),
      },
    });
    const halts: HaltTable = new HaltTable({
      ...ports,
      storage,
      table: this.#table,
      onEffective: (halt) => {
        outbox.append(workspaceEffective(ports, halt));
        this.#relay.soon();
      },
    });
    this.#answers = new AnswerTable(storage.sql);
    const stops = new StopTable(storage.sql);
    this.#parts = { ports, sql: storage.sql, halts, stops, outbox, table: this.#table };
    this.#relay = new OutboxRelay({
      ...ports,
      storage,
      table: this.#table,
      outbox,
      owner: name,
    });
    this.#configuration = new Configuration<WorkspaceIntent>({
      ...ports,
      storage,
      table: this.#table,
      fencing: (intent) => this.#fencing(intent),
      apply: (intent) => this.#apply(intent),
      abandon: (intent) => this.#abandon(intent),
      settled: () => this.#relay.d1Soon(),
    });
    if (name === "org" && this.#read() === null) this.#create("org");
    halts.start();
    this.#table.start();
  }

  /** Short, synchronous, and reads its row each time. A workspace without a row is halted: nothing is admitted. */
  lease(): Promise<WorkspaceAnswer> {
    return Promise.resolve(leaseOf(this.#parts, this.#read()));
  }

  stops(): Promise<Stops> {
    return Promise.resolve(stopsOf(this.#parts));
  }

  /** A change that was made before under this key; asked only once nothing is unsettled (P12). */
  async repeated(request: RequestKey | null): Promise<Configured | null> {
    if (!(await this.#configuration.recover())) return err({ kind: "unsettled" });
    const answer = request === null ? undefined : await findAnswer(this.#ports.db, request);
    if (answer === undefined) return null;
    if (!answer.sameBody) return err({ kind: "other_body" });
    return ok({ kind: "repeated", status: answer.status, body: answer.body });
  }

  settled(): Promise<boolean> {
    return this.#configuration.recover();
  }

  async configure(command: WorkspaceCommand): Promise<Configured> {
    const { request } = command.meta;
    const { db, clock } = this.#ports;
    const earlier = await this.repeated(request);
    if (earlier !== null) return earlier;
    const row = this.#read();
    const { content, change } = command;
    if ((content.kind === "create") !== (row === null)) return err({ kind: "absent" });
    if (content.kind === "signing_keys" && content.basedOn !== row?.config_epoch)
      return err({ kind: "stale" });
    const intent: WorkspaceIntent =
      content.kind === "create"
        ? { kind: "create", owner: content.id, claim: content.claim }
        : { kind: "change", owner: row?.id ?? "org", fence: row?.fence ?? 0 };
    const { owner } = intent;
    if (content.kind === "update" && content.basedOn !== null && content.basedOn !== row?.config_epoch) {
      return err({ kind: "stale" });
    }
    return configured(
      await this.#configuration.run(change, intent, [
        ...contentStatements(db, owner, content, { change, epoch: (row?.config_epoch ?? 0) + 1 }),
        ...(intent.kind === "create"
          ? [answerClaim(db, intent.claim, 201, command.answer)]
          : request === null
            ? []
            : [recordAnswer(db, request, owner, 201, command.answer, clock.now())]),
        ...command.audit.flatMap((draft) => appendAudit(db, owner, draft, clock.now())),
      ]),
    );
  }

  describe(): Promise<WorkspaceDescription | null> {
    const row = this.#read();
    return Promise.resolve(row === null ? null : { halted: row.halted !== 0, configEpoch: row.config_epoch });
  }

  transition(command: WorkspaceTransitionCommand): Promise<Result<WorkspaceTransitioned, OwnerRefusal>> {
    return this.#once(command.meta.request, () => moveWorkspace(this.#parts, command));
  }

  stopUser(command: StopUserCommand): Promise<Result<Stopped, OwnerRefusal>> {
    return this.#once(command.meta.request, () => stopUser(this.#parts, command));
  }

  resumeUser(command: ResumeUserCommand): Promise<Result<Stopped, OwnerRefusal>> {
    return this.#once(command.meta.request, () => resumeUser(this.#parts, command));
  }

  stopTransaction(command: StopTransactionCommand): Promise<Result<Stopped, OwnerRefusal>> {
    return this.#once(command.meta.request, () => stopTransaction(this.#parts, command));
  }

  /** Runs a command once, and starts the wait of the halt it made. */
  async #once<T extends { readonly halt: HaltId | null }>(
    request: RequestKey | null,
    run: () => Result<T, OwnerRefusal>,
  ): Promise<Result<T, OwnerRefusal>> {
    const { clock } = this.#ports;
    const once = { storage: this.#storage, clock, answers: this.#answers, done: () => this.#relay.soon() };
    const moved = await answerOnce(once, request, run);
    if (moved.ok && moved.value.halt !== null) this.#parts.halts.startWait(moved.value.halt);
    return moved;
  }

  halt(id: string): Promise<HaltProgress | null> {
    return Promise.resolve(this.#parts.halts.progress(id));
  }

  halts(limit: number): Promise<HaltProgress[]> {
    return Promise.resolve(this.#parts.halts.list(limit).map((halt) => this.#parts.halts.progressOf(halt)));
  }

  async awaitHalt(id: string, mostMs: number): Promise<HaltProgress | null> {
    await this.#parts.halts.settled(id, mostMs);
    return this.#parts.halts.progress(id);
  }

  record(drafts: readonly AuditDraft[]): Promise<void> {
    return this.#relay.record(drafts);
  }

  carry(records: readonly AuditRecord[]): Promise<void> {
    return this.#relay.carry(records);
  }

  drainAudit(): Promise<void> {
    this.#relay.d1Soon();
    return Promise.resolve();
  }

  override async alarm(): Promise<void> {
    await this.#table.fire();
  }

  #fencing(intent: WorkspaceIntent): Fencing {
    if (intent.kind === "create")
      return creationFencing({ kind: "workspace", id: intent.owner }, intent.claim);
    const owner = { kind: intent.owner === "org" ? "org" : "workspace", id: intent.owner } as const;
    return ownerFencing(owner, intent.fence, (fence) => {
      this.#storage.sql.exec("UPDATE workspace SET fence = ?", fence);
    });
  }

  #apply(intent: WorkspaceIntent): void {
    if (intent.kind === "create") this.#create(intent.owner);
    else this.#raise();
  }

  #abandon(intent: WorkspaceIntent): void {
    if (intent.kind === "change") this.#raise();
  }

  #create(id: WorkspaceId | "org"): void {
    this.#storage.sql.exec(
      "INSERT INTO workspace (one, id, config_epoch, halt_epoch, halted) VALUES (1, ?, 1, 1, 0)",
      id,
    );
  }

  #raise(): void {
    this.#storage.sql.exec("UPDATE workspace SET config_epoch = config_epoch + 1");
  }

  async #recover(): Promise<void> {
    if (!(await this.#configuration.recover())) throw new Error("the configuration is not settled yet");
  }

  #read(): StoredWorkspace | null {
    return (
      this.#storage.sql.exec<StoredWorkspace>("SELECT * FROM workspace WHERE one = 1").toArray()[0] ?? null
    );
  }
}
