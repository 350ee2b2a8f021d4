/**
 * The authority for whether an agent is alive now: state, epoch, live keys. One per agent, named by its id.
 *
 * Lifecycle commands are one transaction of this object and wait for nothing else. Configuration goes through D1 by
 * the protocol in `configuration.ts`. An object without a row refuses everything.
 */
import type { Result } from "../kernel/result.ts";
import { answerFor, type AgentAnswer, type AgentUse } from "../lifecycle/lease.ts";
import type {
  AgentDescription,
  AgentOwner,
  FamilyStop,
  FamilyStopCommand,
  IssueKeyCommand,
  RegisterCommand,
  ReportCommand,
  RevokeKeyCommand,
  RevokeTokenCommand,
  TransitionCommand,
  Transitioned,
  UpdateCommand,
} from "../operations/owners/agent-owner.ts";
import type { HaltProgress, HaltQuery, StoredHalt } from "../operations/owners/halts.ts";
import type { WorkspaceWord } from "../operations/owners/workspace-owner.ts";
import type { Configured, OwnerRefusal } from "../operations/owners/owner-answer.ts";
import { effectiveAtOf } from "../operations/answer/halt-view.ts";
import type { RequestKey } from "../storage/idempotency.ts";
import { askAncestors } from "./agent-ancestors.ts";
import { AgentChanges } from "./agent-changes.ts";
import { endDrain, shownDrain } from "./agent-drain.ts";
import { stopForFamily } from "./agent-family.ts";
import { expire, revokeKey, shownHold, transition } from "./agent-lifecycle.ts";
import { report, sweepReports } from "./agent-reports.ts";
import { projectAgent } from "./agent-projection.ts";
import { effectiveRecord, type AgentParts, type AgentTimer } from "./agent-stop.ts";
import { AGENT_STEPS, AgentStore } from "./agent-store.ts";
import { noteUseSoon } from "./agent-use.ts";
import { runCascade } from "./cascade.ts";
import { CASCADE_STEPS, CascadeTable } from "./cascade-table.ts";
import { DRAIN_STEPS, DrainTable } from "./drain-table.ts";
import { HOLD_STEPS, HoldTable } from "./hold-table.ts";
import type { ObjectDeps } from "./deps.ts";
import { keyRevoked, transitioned } from "./kept-answers.ts";
import { OwnerCore } from "./owner-core.ts";
import { OwnerShell } from "./owner-shell.ts";
import { sweepEvents } from "./agent-events.ts";
import { hear, HEARD_STEPS, HeardTable } from "./agent-hearing.ts";
import { AgentSockets } from "./agent-sockets.ts";
import { EVENT_STEPS, EventTable } from "./event-table.ts";
import { REPORT_STEPS, ReportTable } from "./report-table.ts";
import { revokeToken, sweepRevokedTokens } from "./revoked-tokens.ts";

/** The interval at which a caller that waits for a drain or a cascade looks at its progress, in milliseconds. */
const LOOK_AGAIN_MS = 50;
/** The wait before an agent registers again with a workspace that has too many, in milliseconds. */
const WATCH_AGAIN_MS = 600_000;

export abstract class AgentShell extends OwnerShell<AgentTimer> implements AgentOwner {
  readonly #core: OwnerCore<AgentTimer>;
  readonly #parts: AgentParts;
  readonly #changes: AgentChanges;
  readonly #sockets: AgentSockets;

  constructor(state: DurableObjectState, raw: Cloudflare.Env, deps: ObjectDeps) {
    const core = new OwnerCore<AgentTimer>(state, deps, "agent", {
      agent: AGENT_STEPS,
      drain: DRAIN_STEPS,
      hold: HOLD_STEPS,
      cascades: CASCADE_STEPS,
      reports: REPORT_STEPS,
      events: EVENT_STEPS,
      heard: HEARD_STEPS,
    });
    super(state, raw, core);
    const { sql } = core.parts;
    this.#core = core;
    this.#parts = {
      ...core.parts,
      store: new AgentStore(sql),
      drains: new DrainTable(sql),
      cascades: new CascadeTable(sql),
      holds: new HoldTable(sql),
      reports: new ReportTable(sql),
      events: new EventTable(sql),
      heard: new HeardTable(sql),
    };
    this.#changes = new AgentChanges(core, this.#parts);
    this.#sockets = new AgentSockets(state, this.#parts);
    core.start({
      timers: {
        project: () => projectAgent(this.#parts),
        drain: () => this.#endDrain(),
        cascade: (timer) => this.#cascade(timer.key),
        expire: async () => void (await core.commit(() => expire(this.#parts))),
        revoked_tokens: () => sweepRevokedTokens(this.#parts),
        reports: () => sweepReports(this.#parts),
        events: () => sweepEvents(this.#parts),
        streams: () => this.#sockets.flush(),
        watch: () => this.#watch(),
      },
      onEffective: (halt) => this.#onEffective(halt),
      recover: () => this.#changes.recover(),
      onCommitted: () => this.#sockets.flush(),
    });
  }

  /** Accepts a stream of the agent's events from a door. No other request uses `fetch`. */
  override fetch(request: Request): Promise<Response> {
    return Promise.resolve(this.#sockets.accept(request));
  }

  /** A door has closed a stream. */
  override webSocketClose(socket: WebSocket): void {
    this.#sockets.left(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#sockets.left(socket);
  }

  /** Short and synchronous. It reads the row each time: a superseded instance must not grant a lease from memory. */
  lease(use?: AgentUse): Promise<AgentAnswer> {
    const { store, drains, deps } = this.#parts;
    const row = store.leaseRow();
    const draining = drains.find();
    const now = deps.clock.now();
    const answer = answerFor(row === null ? null : { ...row, draining }, now);
    if (use !== undefined && answer.state === "active" && store.isUseDue(use.keys, now)) {
      noteUseSoon(this.#parts, this.#core.storage, use);
    }
    return Promise.resolve(answer);
  }

  describe(): Promise<AgentDescription | null> {
    const { store, drains, holds } = this.#parts;
    const agent = store.read();
    if (agent === null) return Promise.resolve(null);
    const drain = drains.find();
    const { workspaceId, state, stateChangedAt, recordVersion, epoch, lastActiveAt, stop } = agent;
    return Promise.resolve({
      workspaceId,
      state,
      stateChangedAt,
      draining: drain === null ? null : shownDrain(drain),
      hold: shownHold(holds.find()),
      stop,
      recordVersion,
      epoch,
      lastActiveAt,
      keys: store.keys(),
    });
  }

  report(command: ReportCommand): ReturnType<AgentOwner["report"]> {
    return this.#core.commit(() => report(this.#parts, command));
  }

  /** Writes nothing when no stream is open. */
  async hear(word: WorkspaceWord): Promise<{ readonly listens: boolean }> {
    if (this.#sockets.areOpen()) {
      const { storage } = this.#core;
      storage.transactionSync(() => hear(this.#parts, word));
      this.#sockets.flush();
      if (word.kind === "halt" && word.halted) this.#sockets.closeAll();
      await storage.sync();
    }
    return { listens: this.#sockets.areOpen() };
  }

  isClean(): Promise<boolean> {
    return this.#changes.isClean();
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
    const ancestors = await askAncestors(this.#parts, command);
    return this.#core.once(command.meta.request, transitioned, () =>
      transition(this.#parts, command, ancestors),
    );
  }

  stopForFamily(command: FamilyStopCommand): Promise<FamilyStop> {
    return this.#core.commit(() => stopForFamily(this.#parts, command));
  }

  revokeKey(command: RevokeKeyCommand): ReturnType<AgentOwner["revokeKey"]> {
    return this.#core.once(command.meta.request, keyRevoked, () => revokeKey(this.#parts, command));
  }

  revokeToken(command: RevokeTokenCommand): ReturnType<AgentOwner["revokeToken"]> {
    return this.#core.commit(() => revokeToken(this.#parts, command));
  }

  halt(id: string): Promise<HaltProgress | null> {
    return Promise.resolve(this.#progress(id));
  }

  halts(query: HaltQuery): Promise<HaltProgress[]> {
    const { halts } = this.#parts;
    return Promise.resolve(halts.list(query).map((halt) => this.#withCascade(halts.progressOf(halt))));
  }

  async awaitHalt(id: string, mostMs: number): Promise<HaltProgress | null> {
    const { halts, drains, deps } = this.#parts;
    const { clock, timers } = deps;
    const end = clock.now() + mostMs;
    for (;;) {
      const progress = this.#progress(id);
      const over = progress === null ? drains.find()?.halt !== id : effectiveAtOf(progress) !== null;
      const left = end - clock.now();
      if (over || left <= 0) return progress;
      if (progress?.halt.effectiveAt === null) await halts.waitEffective(id, left);
      else await timers.sleep(Math.min(left, LOOK_AGAIN_MS));
    }
  }

  /** Timer `watch`: registers an agent with open streams at its workspace, and removes one without. */
  async #watch(): Promise<number | undefined> {
    const { store, heard, deps } = this.#parts;
    const agent = store.read();
    const known = heard.find();
    if (agent === null || known === null) return undefined;
    const home = deps.owners.workspace(agent.workspaceId);
    if (!this.#sockets.areOpen()) {
      await home.unwatch(agent.id);
      return undefined;
    }
    const isWatched = await home.watch(agent.id, known);
    return isWatched ? undefined : deps.clock.now() + WATCH_AGAIN_MS;
  }

  async #endDrain(): Promise<number | undefined> {
    const ended = await this.#core.commit(() => endDrain(this.#parts));
    return ended !== null && "lookAgainAt" in ended ? ended.lookAgainAt : undefined;
  }

  #cascade(halt: string): Promise<number | undefined> {
    const { cascades, halts, deps } = this.#parts;
    const onEffective = (effective: StoredHalt): void =>
      this.#core.append(effectiveRecord(this.#parts, effective));
    return runCascade({ ...deps, storage: this.#core.storage, cascades, halts, onEffective }, halt);
  }

  /** The agent's own stop is effective; a stop with a cascade is effective when all descendants are stopped. */
  #onEffective(halt: StoredHalt): void {
    const { cascades, timerTable, deps } = this.#parts;
    if (cascades.read(halt.id) === null) this.#core.append(effectiveRecord(this.#parts, halt));
    else timerTable.set("cascade", halt.id, deps.clock.now());
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
}
