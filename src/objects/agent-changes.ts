/**
 * Configuration of one agent: registration, update, new keys. Each is an intent, a batch for D1, and what is applied to
 * the object's own row once the batch has landed (`configuration.ts`).
 */
import { insertKey } from "../credentials/key-reads.ts";
import type { AuditDraft } from "../contract/audit.ts";
import { err, ok } from "../kernel/result.ts";
import type { Configured, IssueKeyCommand, RegisterCommand, UpdateCommand } from "../operations/owners.ts";
import { guardParent, insertAgent, updateAgent } from "../registry/agent-writes.ts";
import { appendAudit } from "../storage/audit-outbox.ts";
import type { Statement } from "../storage/change.ts";
import { answerClaim, findAnswer, recordAnswer, type RequestKey } from "../storage/idempotency.ts";
import { agentFencing, type AgentIntent } from "./agent-intent.ts";
import { endKeyNow, type AgentParts } from "./agent-stop.ts";
import { keyIsLive } from "./agent-store.ts";
import { Configuration } from "./configuration.ts";
import { configured } from "./configured.ts";

/** More keys than a rotation needs are keys that somebody forgot. */
export const MOST_LIVE_KEYS = 10;

export class AgentChanges {
  readonly #parts: AgentParts;
  readonly #configuration: Configuration<AgentIntent>;

  /** @param settled after a change was settled: D1 may hold audit records, and a halt may have begun. */
  constructor(parts: AgentParts, storage: DurableObjectStorage, settled: () => void) {
    this.#parts = parts;
    this.#configuration = new Configuration<AgentIntent>({
      ...parts.ports,
      storage,
      table: parts.table,
      fencing: (intent) => agentFencing(intent, (fence) => parts.store.setFence(fence)),
      apply: (intent) => this.#apply(intent),
      abandon: (intent) => this.#abandon(intent),
      settled,
    });
  }

  /** Settles what a crash or a lost answer left. False: not yet. */
  recover(): Promise<boolean> {
    return this.#configuration.recover();
  }

  async register(command: RegisterCommand): Promise<Configured> {
    const { agent, key, claim } = command;
    if (!(await this.#configuration.recover())) return err({ kind: "unsettled" });
    if (this.#parts.store.read() !== null) return this.#repeatFromD1(claim);
    const { db } = this.#parts.ports;
    const outcome = await this.#configuration.run(
      command.change,
      {
        kind: "register",
        agent: { id: agent.id, workspaceId: agent.workspaceId, name: agent.name },
        expiresAt: agent.settings.expiresAt,
        key: { id: key.id, createdAt: key.createdAt, expiresAt: key.expiresAt },
        claim,
        createdAt: agent.createdAt,
      },
      [
        ...insertAgent(db, agent, command.change),
        insertKey(db, agent.id, key),
        answerClaim(db, claim, 201, command.answer),
        ...this.#audit(agent.id, command.audit),
      ],
    );
    return configured(outcome);
  }

  async update(command: UpdateCommand): Promise<Configured> {
    const earlier = await this.repeated(command.meta.request);
    if (earlier !== null) return earlier;
    const agent = this.#parts.store.read();
    if (agent === null) return err({ kind: "absent" });
    if (agent.recordVersion !== command.basedOn) return err({ kind: "stale" });
    if (command.beforeActivation && agent.state !== "provisioned") return err({ kind: "stale" });
    const { db } = this.#parts.ports;
    const { patch } = command;
    const intent: AgentIntent = {
      kind: "update",
      agent: agent.id,
      fence: agent.fence,
      ...(patch.expiresAt === undefined ? {} : { expiry: { at: patch.expiresAt } }),
    };
    return configured(
      await this.#configuration.run(command.change, intent, [
        ...(patch.parentId == null ? [] : [guardParent(db, agent.id, patch.parentId)]),
        ...updateAgent(db, agent.id, patch, command.change, agent.recordVersion + 1),
        ...this.#answer(command.meta.request, agent.id, 200, command.answer),
        ...this.#audit(agent.id, command.audit),
      ]),
    );
  }

  async issueKey(command: IssueKeyCommand): Promise<Configured> {
    const earlier = await this.repeated(command.meta.request);
    if (earlier !== null) return earlier;
    const agent = this.#parts.store.read();
    if (agent === null) return err({ kind: "absent" });
    if (agent.state === "revoked") {
      return err({ kind: "revoked" });
    }
    const now = this.#parts.ports.clock.now();
    const live = this.#parts.store.keys().filter((key) => keyIsLive(key, now));
    const { replaces, key } = command;
    if (replaces !== null && !live.some((candidate) => candidate.id === replaces.key)) {
      return err({
        kind: this.#parts.store.keys().some((known) => known.id === replaces.key)
          ? "key_not_live"
          : "key_absent",
      });
    }
    if (live.length >= MOST_LIVE_KEYS + (replaces?.overlapMs === 0 ? 1 : 0)) {
      return err({ kind: "key_limit", most: MOST_LIVE_KEYS });
    }
    const { db } = this.#parts.ports;
    const { operator, requestId } = command.meta;
    const intent: AgentIntent = {
      kind: "issue_key",
      agent: agent.id,
      fence: agent.fence,
      key: { id: key.id, createdAt: key.createdAt, expiresAt: key.expiresAt },
      replaces: replaces === null ? null : { ...replaces, operator, requestId },
    };
    return configured(
      await this.#configuration.run(command.change, intent, [
        ...updateAgent(db, agent.id, {}, command.change, agent.recordVersion + 1),
        insertKey(db, agent.id, key),
        ...this.#answer(command.meta.request, agent.id, 201, command.answer),
        ...this.#audit(agent.id, command.audit),
      ]),
    );
  }

  /** Step 3 of a change that landed. */
  #apply(intent: AgentIntent): void {
    const { table } = this.#parts;
    switch (intent.kind) {
      case "register":
        this.#parts.store.create(intent.agent, intent.expiresAt, intent.createdAt);
        this.#parts.store.addKey(intent.key.id, intent.key.createdAt, intent.key.expiresAt);
        if (intent.expiresAt !== null) table.set("expire", "", intent.expiresAt);
        return;
      case "update":
        this.#parts.store.raiseRecordVersion();
        if (intent.expiry !== undefined) this.#setExpiry(intent.expiry.at);
        return;
      case "issue_key":
        this.#parts.store.raiseRecordVersion();
        this.#parts.store.addKey(intent.key.id, intent.key.createdAt, intent.key.expiresAt);
        this.#replaceKey(intent.replaces);
        return;
    }
  }

  #replaceKey(replaces: Extract<AgentIntent, { kind: "issue_key" }>["replaces"]): void {
    const agent = this.#parts.store.read();
    if (replaces === null || agent === null) return;
    if (replaces.overlapMs > 0) {
      this.#parts.store.endKey(replaces.key, this.#parts.ports.clock.now() + replaces.overlapMs);
      this.#parts.table.set("project", "", this.#parts.ports.clock.now());
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
    if (at === null) this.#parts.table.cancel("expire", "");
    else this.#parts.table.set("expire", "", at);
  }

  /** A registration that did not happen leaves neither row nor mark: the object is as if it had never been. */
  #abandon(intent: AgentIntent): void {
    if (intent.kind !== "register") this.#parts.store.raiseRecordVersion();
  }

  #audit(owner: string, drafts: readonly AuditDraft[]): Statement[] {
    const now = this.#parts.ports.clock.now();
    return drafts.flatMap((draft) => appendAudit(this.#parts.ports.db, owner, draft, now));
  }

  #answer(request: RequestKey | null, target: string, status: number, body: string): Statement[] {
    if (request === null) return [];
    return [recordAnswer(this.#parts.ports.db, request, target, status, body, this.#parts.ports.clock.now())];
  }

  /** A configuration change that was made before under this key; asked only once nothing is unsettled. */
  async repeated(request: RequestKey | null): Promise<Configured | null> {
    if (!(await this.#configuration.recover())) return err({ kind: "unsettled" });
    return request === null ? null : this.#answerInD1(request);
  }

  async #answerInD1(request: RequestKey): Promise<Configured | null> {
    const answer = await findAnswer(this.#parts.ports.db, request);
    if (answer === undefined) return null;
    if (!answer.sameBody) return err({ kind: "other_body" });
    return ok({ kind: "repeated", status: answer.status, body: answer.body });
  }

  async #repeatFromD1(request: RequestKey): Promise<Configured> {
    return (await this.#answerInD1(request)) ?? err({ kind: "unsettled" });
  }
}
