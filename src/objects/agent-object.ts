/**
 * The authority for whether an agent is alive now: state, epoch, live keys. One per agent, named by its id.
 *
 * Lifecycle commands are one transaction of this object and wait for nothing else. Configuration goes through D1 by
 * the protocol in `configuration.ts`. An object without a row refuses everything.
 */
import { DurableObject } from "cloudflare:workers";
import type { AuditDraft, AuditRecord } from "../contract/audit.ts";
import type { Result } from "../kernel/result.ts";
import { answerFor, type AgentAnswer } from "../lifecycle/lease.ts";
import type {
  AgentDescription,
  AgentOwner,
  Configured,
  FamilyStop,
  FamilyStopCommand,
  HaltProgress,
  IssueKeyCommand,
  OwnerRefusal,
  RegisterCommand,
  RevokeKeyCommand,
  RevokeTokenCommand,
  StoredHalt,
  TransitionCommand,
  Transitioned,
  UpdateCommand,
} from "../operations/owners.ts";
import { effectiveAtOf } from "../operations/halt-view.ts";
import type { RequestKey } from "../storage/idempotency.ts";
import { AgentChanges } from "./agent-changes.ts";
import { endDrain, shownDrain } from "./agent-drain.ts";
import { stopForFamily } from "./agent-family.ts";
import { expire, revokeKey, transition } from "./agent-lifecycle.ts";
import { projectAgent } from "./agent-projection.ts";
import { effectiveRecord, type AgentParts } from "./agent-stop.ts";
import { AGENT_STEPS, AgentStore } from "./agent-store.ts";
import { answerOnce } from "./answer-once.ts";
import { ANSWER_STEPS, AnswerTable } from "./answer-table.ts";
import { OutboxRelay } from "./outbox-relay.ts";
import { runCascade } from "./cascade.ts";
import { CASCADE_STEPS, CascadeTable } from "./cascade-table.ts";
import { CONFIGURATION_STEPS } from "./configuration.ts";
import { DRAIN_STEPS, DrainTable } from "./drain-table.ts";
import { HALT_STEPS, HaltTable } from "./halt-table.ts";
import { Outbox } from "./outbox.ts";
import type { ObjectPorts } from "./ports.ts";
import { revokeToken, sweepRevokedTokens } from "./revoked-tokens.ts";
import { runSchemaSteps } from "./schema-steps.ts";
import { TimerTable } from "./timer-table.ts";

/** How often somebody who waits for a drain or a cascade is told how far it is. */
const LOOK_AGAIN_MS = 50;

export abstract class AgentShell extends DurableObject implements AgentOwner {
  readonly #ports: ObjectPorts;
  readonly #storage: DurableObjectStorage;
  readonly #store: AgentStore;
  readonly #answers: AnswerTable;
  readonly #relay: OutboxRelay;
  readonly #changes: AgentChanges;
  readonly #parts: AgentParts;

  constructor(state: DurableObjectState, raw: Cloudflare.Env, ports: ObjectPorts) {
    super(state, raw);
    const { storage } = state;
    const { name } = state.id;
    if (name === undefined) throw new Error("an owner object is reached by its name only");
    runSchemaSteps(storage, "agent", AGENT_STEPS);
    runSchemaSteps(storage, "answers", ANSWER_STEPS);
    runSchemaSteps(storage, "configuration", CONFIGURATION_STEPS);
    runSchemaSteps(storage, "halts", HALT_STEPS);
    runSchemaSteps(storage, "drain", DRAIN_STEPS);
    runSchemaSteps(storage, "cascades", CASCADE_STEPS);
    this.#ports = ports;
    this.#storage = storage;
    this.#store = new AgentStore(storage.sql);
    this.#answers = new AnswerTable(storage.sql);
    const outbox = new Outbox(storage, `agent:${name}`);
    const table: TimerTable = new TimerTable({
      ...ports,
      storage,
      handlers: {
        outbox: (timer) => this.#relay.handlers.outbox(timer),
        outbox_note: () => this.#relay.handlers.outbox_note(),
        d1_outbox: () => this.#relay.handlers.d1_outbox(),
        halt: (timer) => halts.onTimer(timer.key),
        project: () => projectAgent(ports.db, this.#store, this.#parts.drains),
        drain: () => this.#endDrain(),
        cascade: (timer) => this.#cascade(timer.key),
        expire: () => this.#expire(),
        recover: () => this.#recover(),
        revoked_tokens: () => sweepRevokedTokens(this.#parts),
      },
    });
    const halts: HaltTable = new HaltTable({
      ...ports,
      storage,
      table,
      onEffective: (halt) => this.#onEffective(halt),
    });
    const drains = new DrainTable(storage.sql);
    const cascades = new CascadeTable(storage.sql);
    this.#parts = { ports, store: this.#store, drains, cascades, halts, outbox, table };
    this.#relay = new OutboxRelay({ ...ports, storage, table, outbox, owner: name });
    this.#changes = new AgentChanges(this.#parts, storage, () => {
      this.#relay.d1Soon();
      halts.start();
    });
    halts.start();
    table.start();
  }

  /** Short, synchronous, and reads its row each time: a superseded instance must not grant from memory. */
  lease(): Promise<AgentAnswer> {
    const row = this.#store.leaseRow();
    const draining = this.#parts.drains.find();
    return Promise.resolve(answerFor(row === null ? null : { ...row, draining }, this.#ports.clock.now()));
  }

  describe(): Promise<AgentDescription | null> {
    const agent = this.#store.read();
    if (agent === null) return Promise.resolve(null);
    const drain = this.#parts.drains.find();
    const { workspaceId, state, stateChangedAt, recordVersion, epoch } = agent;
    return Promise.resolve({
      workspaceId,
      state,
      stateChangedAt,
      draining: drain === null ? null : shownDrain(drain),
      recordVersion,
      epoch,
      keys: this.#store.keys(),
    });
  }

  async settled(): Promise<boolean> {
    return this.#changes.recover();
  }

  repeated(request: RequestKey | null): Promise<Configured | null> {
    return this.#changes.repeated(request);
  }

  register(command: RegisterCommand): Promise<Configured> {
    return this.#changes.register(command);
  }

  update(command: UpdateCommand): Promise<Configured> {
    return this.#changes.update(command);
  }

  issueKey(command: IssueKeyCommand): Promise<Configured> {
    return this.#changes.issueKey(command);
  }

  async transition(command: TransitionCommand): Promise<Result<Transitioned, OwnerRefusal>> {
    return this.#once(command.meta.request, () => transition(this.#parts, command));
  }

  async stopForFamily(command: FamilyStopCommand): Promise<FamilyStop> {
    const { halts } = this.#parts;
    const stop = this.#storage.transactionSync(() => {
      const answer = stopForFamily(this.#parts, command);
      if (answer.stopped) this.#relay.soon();
      return answer;
    });
    await this.#storage.sync();
    for (const halt of halts.pending()) halts.startWait(halt.id);
    return stop;
  }

  async revokeKey(command: RevokeKeyCommand): ReturnType<AgentOwner["revokeKey"]> {
    return this.#once(command.meta.request, () => revokeKey(this.#parts, command));
  }

  async revokeToken(command: RevokeTokenCommand): ReturnType<AgentOwner["revokeToken"]> {
    const outcome = this.#storage.transactionSync(() => {
      const result = revokeToken(this.#parts, command);
      this.#relay.soon();
      return result;
    });
    await this.#storage.sync();
    return outcome;
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

  halt(id: string): Promise<HaltProgress | null> {
    return Promise.resolve(this.#progress(id));
  }

  halts(limit: number): Promise<HaltProgress[]> {
    const { halts } = this.#parts;
    return Promise.resolve(halts.list(limit).map((halt) => this.#withCascade(halts.progressOf(halt))));
  }

  async awaitHalt(id: string, mostMs: number): Promise<HaltProgress | null> {
    const { clock, timers } = this.#ports;
    const { halts, drains } = this.#parts;
    const end = clock.now() + mostMs;
    for (;;) {
      const progress = this.#progress(id);
      const over = progress === null ? drains.find()?.halt !== id : effectiveAtOf(progress) !== null;
      const left = end - clock.now();
      if (over || left <= 0) return progress;
      if (progress?.halt.effectiveAt === null) await halts.settled(id, left);
      else await timers.sleep(Math.min(left, LOOK_AGAIN_MS));
    }
  }

  override async alarm(): Promise<void> {
    await this.#parts.table.fire();
  }

  /** The answer given before under this key, or the effect, its records and its answer; then the wait begins. */
  async #once<T extends { readonly halt: StoredHalt["id"] | null }>(
    request: RequestKey | null,
    run: () => Result<T, OwnerRefusal>,
  ): Promise<Result<T, OwnerRefusal>> {
    const once = {
      storage: this.#storage,
      clock: this.#ports.clock,
      answers: this.#answers,
      done: () => this.#relay.soon(),
    };
    const outcome = await answerOnce(once, request, run);
    if (outcome.ok && outcome.value.halt !== null) this.#parts.halts.startWait(outcome.value.halt);
    return outcome;
  }

  async #expire(): Promise<void> {
    const halt = this.#storage.transactionSync(() => {
      const id = expire(this.#parts);
      if (id !== null) this.#relay.soon();
      return id;
    });
    await this.#storage.sync();
    if (halt !== null) this.#parts.halts.startWait(halt);
  }

  async #endDrain(): Promise<number | undefined> {
    const ended = this.#storage.transactionSync(() => {
      const outcome = endDrain(this.#parts);
      this.#relay.soon();
      return outcome;
    });
    await this.#storage.sync();
    if (ended === null) return undefined;
    if ("lookAgainAt" in ended) return ended.lookAgainAt;
    this.#parts.halts.startWait(ended.halt);
    return undefined;
  }

  #cascade(halt: string): Promise<number | undefined> {
    const { cascades, halts } = this.#parts;
    const onEffective = (effective: StoredHalt): void =>
      this.#append(effectiveRecord(this.#parts, effective));
    return runCascade({ ...this.#ports, storage: this.#storage, cascades, halts, onEffective }, halt);
  }

  /** The agent's own stop is effective; one with a cascade is so only with all of its family. */
  #onEffective(halt: StoredHalt): void {
    if (this.#parts.cascades.read(halt.id) === null) this.#append(effectiveRecord(this.#parts, halt));
    else this.#parts.table.set("cascade", halt.id, this.#ports.clock.now());
  }

  #progress(id: string): HaltProgress | null {
    const progress = this.#parts.halts.progress(id);
    return progress === null ? null : this.#withCascade(progress);
  }

  #withCascade(progress: HaltProgress): HaltProgress {
    const { id, effectiveAt } = progress.halt;
    const cascade = this.#parts.cascades.progress(id, effectiveAt !== null);
    if (cascade === null) return progress;
    const waits = cascade.finishedAt === null;
    return {
      ...progress,
      cascade,
      effectiveInMs: waits ? Math.max(progress.effectiveInMs, LOOK_AGAIN_MS) : 0,
    };
  }

  async #recover(): Promise<void> {
    if (!(await this.#changes.recover())) throw new Error("the configuration is not settled yet");
  }

  #append(draft: AuditDraft): void {
    this.#parts.outbox.append(draft);
    this.#relay.soon();
  }
}
