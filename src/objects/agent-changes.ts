/**
 * Changes the configuration of one agent: registration, updates, new keys. Each change is an intent, a batch for D1,
 * and a step that is applied to the object's own row once the batch has landed (`configuration.ts`).
 */
import { insertKey } from "../credentials/key-reads.ts";
import { defined } from "../kernel/defined.ts";
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { IssueKeyCommand, RegisterCommand, UpdateCommand } from "../operations/owners/agent-owner.ts";
import type { Configured, OwnerRefusal } from "../operations/owners/owner-answer.ts";
import { guardParent, insertAgent, updateAgent } from "../registry/agent-writes.ts";
import type { Statement } from "../storage/change.ts";
import { answerClaim, recordAnswer, type RequestKey } from "../storage/idempotency.ts";
import { tell, tellKeys } from "./agent-events.ts";
import { agentFencing, type AgentIntent } from "./agent-intent.ts";
import { endKeyNow, type AgentParts, type AgentTimer } from "./agent-stop.ts";
import { keyIsLive, type StoredAgent } from "./agent-store.ts";
import type { Configuration, Drawn } from "./configuration.ts";
import type { OwnerCore } from "./owner-core.ts";

type DrawnChange = Result<Drawn<AgentIntent>, OwnerRefusal>;

/** The greatest number of live keys of an agent. Keys beyond those that a rotation needs are forgotten keys. */
const MOST_LIVE_KEYS = 10;

export class AgentChanges {
  readonly #parts: AgentParts;
  readonly #configuration: Configuration<AgentIntent>;

  constructor(core: OwnerCore<AgentTimer>, parts: AgentParts) {
    this.#parts = parts;
    this.#configuration = core.configuration<AgentIntent>({
      fencing: (intent) => agentFencing(intent, (fence) => parts.store.setFence(fence)),
      apply: (intent) => this.#apply(intent),
      abandon: (intent) => this.#abandon(intent),
    });
  }

  /** Settles a change whose outcome is open after a crash or a lost answer. False when that is not possible yet. */
  recover(): Promise<boolean> {
    return this.#configuration.recover();
  }

  /** False when a change is still running, or its outcome is unknown. */
  async isClean(): Promise<boolean> {
    return (await this.#configuration.settled()) === null;
  }

  async register(command: RegisterCommand): Promise<Configured> {
    const { agent, key, claim } = command;
    const notReady = await this.#configuration.settled();
    if (notReady !== null) return err(notReady);
    if (this.#parts.store.read() !== null) {
      return (await this.#configuration.repeated(claim)) ?? err({ kind: "unsettled" });
    }
    if (await this.#evidenceIsFull(agent.workspaceId)) return err({ kind: "evidence_full" });
    const { db } = this.#parts.deps;
    const intent: AgentIntent = {
      kind: "register",
      agent: { id: agent.id, workspaceId: agent.workspaceId, name: agent.name },
      expiresAt: agent.settings.expiresAt,
      key: { id: key.id, createdAt: key.createdAt, expiresAt: key.expiresAt },
      claim,
      createdAt: agent.createdAt,
    };
    // The workspace's object keeps the key of the request.
    return this.#configuration.change(command.change, null, () =>
      this.#parts.store.read() === null
        ? ok({
            intent,
            owner: agent.id,
            content: [
              ...this.#guardParent(agent.id, agent.settings.parentId),
              ...insertAgent(db, agent, command.change),
              insertKey(db, agent, key),
            ],
            answer: [answerClaim(db, claim, 201, command.answer)],
            audit: command.audit,
          })
        : err({ kind: "unsettled" }),
    );
  }

  update(command: UpdateCommand): Promise<Configured> {
    return this.#changeAgent(command, (agent) => this.#drawUpdate(agent, command));
  }

  issueKey(command: IssueKeyCommand): Promise<Configured> {
    return this.#changeAgent(command, (agent) => this.#drawKey(agent, command));
  }

  /** @param draw receives the agent as it is when the turn of this change comes. */
  async #changeAgent(
    { change, meta }: UpdateCommand | IssueKeyCommand,
    draw: (agent: StoredAgent) => DrawnChange,
  ): Promise<Configured> {
    const known = this.#parts.store.read();
    // Asked before the turn, so that other changes do not wait for the workspace's object.
    const isFull = known !== null && (await this.#evidenceIsFull(known.workspaceId));
    return this.#configuration.change(change, meta.request, () => {
      const agent = this.#parts.store.read();
      if (agent === null) return err({ kind: "absent" });
      if (known === null) return err({ kind: "stale" }); // its registration was settled meanwhile
      return isFull ? err({ kind: "evidence_full" }) : draw(agent);
    });
  }

  #drawUpdate(agent: StoredAgent, command: UpdateCommand): DrawnChange {
    if (agent.recordVersion !== command.basedOn) return err({ kind: "stale" });
    if (command.beforeActivation && agent.state !== "provisioned") return err({ kind: "stale" });
    const { db } = this.#parts.deps;
    const { patch } = command;
    const intent: AgentIntent = {
      kind: "update",
      agent: agent.id,
      fence: agent.fence,
      ...defined({
        expiry: patch.expiresAt === undefined ? undefined : { at: patch.expiresAt },
        surface: patch.surface === undefined && patch.items === undefined ? undefined : (true as const),
      }),
    };
    return ok({
      intent,
      owner: agent.id,
      content: [
        ...this.#guardParent(agent.id, patch.parentId),
        ...updateAgent(db, agent.id, patch, this.#marks(command.change, agent)),
      ],
      answer: this.#answer(command.meta.request, agent.id, 200, command.answer),
      audit: command.audit,
    });
  }

  #drawKey(agent: StoredAgent, command: IssueKeyCommand): DrawnChange {
    if (agent.state === "revoked") return err({ kind: "revoked" });
    if (agent.recordVersion !== command.basedOn) return err({ kind: "stale" });
    const now = this.#parts.deps.clock.now();
    const live = this.#parts.store.keys().filter((key) => keyIsLive(key, now));
    const { replaces, key } = command;
    if (replaces !== null && !live.some((candidate) => candidate.id === replaces.key)) {
      return err({
        kind: this.#parts.store.keys().some((known) => known.id === replaces.key)
          ? "key_not_live"
          : "key_absent",
      });
    }
    if (live.length >= MOST_LIVE_KEYS + (replaces?.endsAt === null ? 1 : 0)) {
      return err({ kind: "key_limit", most: MOST_LIVE_KEYS });
    }
    const { db } = this.#parts.deps;
    const { operator, requestId } = command.meta;
    const intent: AgentIntent = {
      kind: "issue_key",
      agent: agent.id,
      fence: agent.fence,
      key: { id: key.id, createdAt: key.createdAt, expiresAt: key.expiresAt },
      replaces: replaces === null ? null : { ...replaces, operator, requestId },
    };
    return ok({
      intent,
      owner: agent.id,
      content: [
        ...updateAgent(db, agent.id, {}, this.#marks(command.change, agent)),
        insertKey(db, agent, key),
      ],
      answer: this.#answer(command.meta.request, agent.id, 201, command.answer),
      audit: command.audit,
    });
  }

  #marks(change: string, { recordVersion }: StoredAgent) {
    return { change, recordVersion: recordVersion + 1, at: this.#parts.deps.clock.now() };
  }

  /**
   * What cannot be recorded is not done (P8). The workspace's object knows the state of its ledger; a lost one is
   * refused elsewhere.
   */
  async #evidenceIsFull(workspace: WorkspaceId): Promise<boolean> {
    const { evidence } = await this.#parts.deps.owners.workspace(workspace).lease();
    return evidence === "full";
  }

  /** Step 3 of a change that landed. */
  #apply(intent: AgentIntent): void {
    const { timerTable } = this.#parts;
    switch (intent.kind) {
      case "register":
        this.#parts.store.create(intent.agent, intent.expiresAt, intent.createdAt);
        this.#parts.store.addKey(intent.key.id, intent.key.createdAt, intent.key.expiresAt);
        if (intent.expiresAt !== null) timerTable.set("expire", "", intent.expiresAt);
        return;
      case "update":
        this.#parts.store.raiseRecordVersion();
        if (intent.expiry !== undefined) this.#setExpiry(intent.expiry.at);
        if (intent.surface === true) tell(this.#parts, "surface.updated", { of: "agent" });
        return;
      case "issue_key":
        this.#parts.store.raiseRecordVersion();
        this.#parts.store.addKey(intent.key.id, intent.key.createdAt, intent.key.expiresAt);
        this.#replaceKey(intent.replaces);
        if (intent.replaces?.endsAt !== null) tellKeys(this.#parts); // ending a key now sends its own event
        return;
    }
  }

  #replaceKey(replaces: Extract<AgentIntent, { kind: "issue_key" }>["replaces"]): void {
    const agent = this.#parts.store.read();
    if (replaces === null || agent === null) return;
    if (replaces.endsAt !== null) {
      this.#parts.store.endKey(replaces.key, replaces.endsAt);
      this.#parts.timerTable.set("project", "", this.#parts.deps.clock.now());
      return;
    }
    endKeyNow(this.#parts, agent, replaces.key, {
      id: replaces.halt,
      operator: replaces.operator,
      reason: "replaced by another key",
    });
  }

  #setExpiry(at: number | null): void {
    this.#parts.store.setExpiry(at);
    if (at === null) this.#parts.timerTable.cancel("expire", "");
    else this.#parts.timerTable.set("expire", "", at);
  }

  /** A registration that did not happen leaves neither row nor mark: the object is as if it had never existed. */
  #abandon(intent: AgentIntent): void {
    if (intent.kind !== "register") this.#parts.store.raiseRecordVersion();
  }

  #guardParent(agent: AgentId, parent: AgentId | null | undefined): Statement[] {
    return parent == null ? [] : [guardParent(this.#parts.deps.db, agent, parent)];
  }

  #answer(request: RequestKey | null, target: string, status: number, body: string): Statement[] {
    if (request === null) return [];
    return [recordAnswer(this.#parts.deps.db, request, target, status, body, this.#parts.deps.clock.now())];
  }

  /** The stored answer of a change that was made before under this key. */
  repeated(request: RequestKey | null): Promise<Configured | null> {
    return this.#configuration.repeated(request);
  }
}
