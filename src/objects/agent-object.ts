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
  HaltProgress,
  IssueKeyCommand,
  OwnerRefusal,
  RegisterCommand,
  RevokeKeyCommand,
  StoredHalt,
  TransitionCommand,
  Transitioned,
  UpdateCommand,
} from "../operations/owners.ts";
import type { RequestKey } from "../storage/idempotency.ts";
import { effectiveRecord, expire, revokeKey, transition, type AgentParts } from "./agent-lifecycle.ts";
import { AgentChanges } from "./agent-changes.ts";
import { projectAgent } from "./agent-projection.ts";
import { AGENT_STEPS, AgentStore } from "./agent-store.ts";
import { answerOnce } from "./answer-once.ts";
import { ANSWER_STEPS, AnswerTable } from "./answer-table.ts";
import { AuditDrain } from "./audit-drain.ts";
import { CONFIGURATION_STEPS } from "./configuration.ts";
import { HALT_STEPS, HaltTable } from "./halt-table.ts";
import { Outbox } from "./outbox.ts";
import type { ObjectPorts } from "./ports.ts";
import { runSchemaSteps } from "./schema-steps.ts";
import { TimerTable } from "./timer-table.ts";

export abstract class AgentShell extends DurableObject implements AgentOwner {
  readonly #ports: ObjectPorts;
  readonly #storage: DurableObjectStorage;
  readonly #store: AgentStore;
  readonly #answers: AnswerTable;
  readonly #drain: AuditDrain;
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
    this.#ports = ports;
    this.#storage = storage;
    this.#store = new AgentStore(storage.sql);
    this.#answers = new AnswerTable(storage.sql);
    const outbox = new Outbox(storage, `agent:${name}`);
    const table: TimerTable = new TimerTable({
      ...ports,
      storage,
      handlers: {
        outbox: () => this.#drain.handlers.outbox(),
        d1_outbox: () => this.#drain.handlers.d1_outbox(),
        halt: (timer) => halts.onTimer(timer.key),
        project: () => projectAgent(ports.db, this.#store),
        expire: () => this.#expire(),
        recover: () => this.#recover(),
      },
    });
    const halts: HaltTable = new HaltTable({
      ...ports,
      storage,
      table,
      onEffective: (halt) => this.#append(effectiveRecord({ ports }, halt)),
    });
    this.#parts = { ports, store: this.#store, halts, outbox, table };
    this.#drain = new AuditDrain({ ...ports, storage, table, outbox, owner: name });
    this.#changes = new AgentChanges(this.#parts, storage, () => {
      this.#drain.d1Soon();
      halts.start();
    });
    halts.start();
    table.start();
  }

  /** Short, synchronous, and reads its row each time: a superseded instance must not grant from memory. */
  lease(): Promise<AgentAnswer> {
    return Promise.resolve(answerFor(this.#store.leaseRow(), this.#ports.clock.now()));
  }

  describe(): Promise<AgentDescription | null> {
    const agent = this.#store.read();
    if (agent === null) return Promise.resolve(null);
    const { workspaceId, state, stateChangedAt, recordVersion, epoch } = agent;
    return Promise.resolve({
      workspaceId,
      state,
      stateChangedAt,
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
    return this.#once(command.mandate.request, () => transition(this.#parts, command));
  }

  async revokeKey(command: RevokeKeyCommand): ReturnType<AgentOwner["revokeKey"]> {
    return this.#once(command.mandate.request, () => revokeKey(this.#parts, command));
  }

  record(drafts: readonly AuditDraft[]): Promise<void> {
    return this.#drain.record(drafts);
  }

  carry(records: readonly AuditRecord[]): Promise<void> {
    return this.#drain.carry(records);
  }

  drainAudit(): Promise<void> {
    this.#drain.d1Soon();
    return Promise.resolve();
  }

  halt(id: string): Promise<HaltProgress | null> {
    return Promise.resolve(this.#parts.halts.progress(id));
  }

  halts(limit: number): Promise<HaltProgress[]> {
    const { halts } = this.#parts;
    return Promise.resolve(halts.list(limit).map((halt) => halts.progressOf(halt)));
  }

  async awaitHalt(id: string, mostMs: number): Promise<HaltProgress | null> {
    await this.#parts.halts.settled(id, mostMs);
    return this.#parts.halts.progress(id);
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
      done: () => this.#drain.soon(),
    };
    const outcome = await answerOnce(once, request, run);
    if (outcome.ok && outcome.value.halt !== null) this.#parts.halts.startWait(outcome.value.halt);
    return outcome;
  }

  async #expire(): Promise<void> {
    const halt = this.#storage.transactionSync(() => {
      const id = expire(this.#parts);
      if (id !== null) this.#drain.soon();
      return id;
    });
    await this.#storage.sync();
    if (halt !== null) this.#parts.halts.startWait(halt);
  }

  async #recover(): Promise<void> {
    if (!(await this.#changes.recover())) throw new Error("the configuration is not settled yet");
  }

  #append(draft: AuditDraft): void {
    this.#parts.outbox.append(draft);
    this.#drain.soon();
  }
}
