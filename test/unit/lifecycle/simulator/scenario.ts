/**
 * One run: a small organization under random traffic, random orders, random faults, and an adversary who knows of
 * every stop.
 */
import type { TokenState } from "../../../../src/lifecycle/admission.ts";
import type {
  AgentAnswer,
  AgentRow,
  OrgAnswer,
  WorkspaceAnswer,
  WorkspaceRow,
} from "../../../../src/lifecycle/lease.ts";
import { Adversary } from "./adversary.ts";
import { Dice } from "./dice.ts";
import { FROZEN_LAG_MS, type Weather } from "./faults.ts";
import { Isolate, type Credential, type Pace } from "./isolate.ts";
import { agentKind, workspaceKind, type AgentCommand, type WorkspaceCommand } from "./kinds.ts";
import { Network } from "./network.ts";
import { Oracle, ORG, WORKSPACE, type SimulatedHalt } from "./oracle.ts";
import { OwnerObject, type World } from "./owner-object.ts";
import type { Rules } from "./rules.ts";
import { Timeline } from "./timeline.ts";

/** Real time after which nothing new is started, in milliseconds. */
const HORIZON_MS = 8000;
const USERS = ["user1", "user2"];
const STOPS = ["suspend", "suspend", "suspend", "revoke", "key", "workspace", "user", "txn"] as const;

export interface Report {
  readonly violations: readonly string[];
  readonly counts: ReadonlyMap<string, number>;
  readonly trace: readonly string[];
  /** See `Oracle.closestMs`. */
  readonly closestMs: number;
  readonly calm: boolean;
}

/** Plays one run. The same seed and rules give the same run. */
export function simulate(seed: number, rules: Rules, tracing = false): Report {
  return new Scenario(seed, rules, tracing).play();
}

class Scenario {
  readonly #timeline = new Timeline();
  readonly #dice: Dice;
  readonly #oracle = new Oracle(() => this.#timeline.now);
  readonly #counts = new Map<string, number>();
  readonly #trace: string[] = [];
  readonly #weather: Weather;
  readonly #adversary: Adversary;
  readonly #agents = new Map<string, OwnerObject<AgentRow, AgentCommand, AgentAnswer>>();
  readonly #workspace: OwnerObject<WorkspaceRow, WorkspaceCommand, WorkspaceAnswer>;
  readonly #org: OwnerObject<number, never, OrgAnswer>;
  readonly #isolates: Isolate[] = [];
  readonly #keys: { readonly agent: string; readonly key: string }[] = [];
  readonly #tokens: TokenState[] = [];
  #commands = 0;

  constructor(seed: number, rules: Rules, tracing: boolean) {
    const dice = new Dice(seed);
    this.#dice = dice;
    const calm = dice.chance(0.15);
    this.#weather = {
      calm,
      lost: calm ? 0 : dice.pick([0, 0, 0.02, 0.15]),
      late: calm ? 0 : dice.pick([0, 0.02, 0.1, 0.3]),
      doubled: calm ? 0 : 0.03,
    };
    const world: World = {
      timeline: this.#timeline,
      dice,
      oracle: this.#oracle,
      rules,
      weather: this.#weather,
      count: (what) => this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1),
      trace: (line) => tracing && this.#trace.push(`${this.#timeline.now.toFixed(1)} ${line()}`),
      haltCommitted: (halt) => adversary.provoke(halt),
    };
    const network = new Network(world);
    for (let number = dice.whole(2, 3); number > 0; number -= 1) {
      const agent = `agent${number}`;
      const keys = [`key${number}a`, `key${number}b`];
      const row: AgentRow = {
        state: calm || dice.chance(0.9) ? "active" : "provisioned",
        epoch: 1,
        recordVersion: 1,
        expiresAt: null,
        keys: keys.map((id) => ({ id, expiresAt: null })),
        revokedTokens: [],
      };
      this.#agents.set(agent, new OwnerObject(agent, row, agentKind(rules), world));
      this.#keys.push(...keys.map((key) => ({ agent, key })));
    }
    const open: WorkspaceRow = {
      configEpoch: 1,
      haltEpoch: 1,
      halted: false,
      stoppedUsers: [],
      stoppedTxns: [],
    };
    this.#workspace = new OwnerObject(WORKSPACE, open, workspaceKind, world);
    this.#org = new OwnerObject<number, never, OrgAnswer>(ORG, 1, orgKind, world);
    const owners = { agents: this.#agents, workspace: this.#workspace, org: this.#org };
    for (let number = dice.whole(2, 3); number > 0; number -= 1) {
      this.#isolates.push(
        new Isolate(`isolate${number}`, calm ? 100 : dice.pick([2, 100, 100]), owners, network, world),
      );
    }
    const attack = (isolate: Isolate, halt: SimulatedHalt, pace: Pace | undefined): void =>
      this.#call(isolate, this.#stopped(halt), pace ?? this.#anyPace());
    const objects = [...this.#agents.values(), this.#workspace];
    const adversary = new Adversary(world, network, this.#isolates, objects, attack);
    this.#adversary = adversary;
  }

  play(): Report {
    for (const isolate of this.#isolates) this.#traffic(isolate, this.#dice.pick([100, 250, 700]));
    for (let orders = this.#dice.whole(2, 4); orders > 0; orders -= 1) {
      this.#timeline.at(this.#dice.between(300, 4500), () => this.#order());
    }
    if (!this.#weather.calm) {
      for (let number = this.#dice.whole(0, 4); number > 0; number -= 1) {
        this.#timeline.at(this.#dice.between(0, HORIZON_MS), () => this.#restartSomething());
      }
      for (let number = this.#dice.whole(0, 3); number > 0; number -= 1) {
        const isolate = this.#dice.pick(this.#isolates);
        const ms = this.#dice.between(0, 10_000);
        this.#timeline.at(this.#dice.between(0, HORIZON_MS), () => isolate.stepBackSeen(ms));
      }
    }
    this.#timeline.play();
    for (const [kind, number] of this.#oracle.effective) this.#counts.set(`effective: ${kind}`, number);
    this.#counts.set("halts without an end", this.#oracle.halts.filter((h) => h.effectiveAt === null).length);
    const { violations, closestMs } = this.#oracle;
    const { calm } = this.#weather;
    return { violations, counts: this.#counts, trace: this.#trace, closestMs, calm };
  }

  /** Calls without pause, at a mean distance in milliseconds. */
  #traffic(isolate: Isolate, meanMs: number): void {
    this.#timeline.after(-Math.log(1 - this.#dice.between(0, 1)) * meanMs, () => {
      if (this.#timeline.now > HORIZON_MS) return;
      this.#call(isolate, this.#anyCredential(), this.#anyPace());
      this.#traffic(isolate, meanMs);
    });
  }

  #anyCredential(): Credential {
    const { agent, key } = this.#dice.pick(this.#keys);
    if (this.#tokens.length === 0 || this.#dice.chance(0.3)) {
      return { with: "key", agent, key, ...(this.#dice.chance(0.3) ? { user: this.#dice.pick(USERS) } : {}) };
    }
    const tokenState = this.#dice.pick(this.#tokens);
    const isLoop = tokenState.chain.length > 2 || tokenState.chain.some((link) => link.agent === agent);
    if (isLoop || this.#dice.chance(0.6)) return { with: "token", tokenState };
    return { with: "key", agent, key, subject: tokenState };
  }

  #anyPace(): Pace {
    const dice = this.#dice;
    const { calm } = this.#weather;
    return {
      config: dice.chance(0.9) || calm ? dice.between(0.5, 15) : dice.between(15, 3000),
      policyCpu: dice.between(0, 5),
      audit: dice.chance(0.9) || calm ? dice.between(0.5, 15) : dice.between(15, 3000),
      checkCpu: dice.chance(0.95) ? dice.between(0, 3) : dice.between(0, FROZEN_LAG_MS),
    };
  }

  /** A call that is admitted with a raw key may leave a token behind, to be replayed for the rest of the run. */
  #call(isolate: Isolate, credential: Credential, pace: Pace): void {
    isolate.call({
      credential,
      pace,
      freshness: this.#dice.chance(0.15) ? "always" : "leased",
      admitted: (tokenState) => {
        if (credential.with === "token") return this.#countReplay(tokenState);
        if (this.#tokens.length >= 40) return undefined;
        this.#tokens.push({ ...tokenState, txn: tokenState.txn ?? `txn${this.#tokens.length}` });
        return undefined;
      },
    });
  }

  #countReplay(tokenState: TokenState): void {
    const what = tokenState.chain.length > 1 ? "admitted: chains" : "admitted: tokens";
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
    if (tokenState.chain.every((link) => link.epoch === 1)) return;
    this.#counts.set("admitted: after a start", (this.#counts.get("admitted: after a start") ?? 0) + 1);
  }

  /** An operator stops something, and often starts it again; the order may come right after a lease. */
  #order(): void {
    const { agent, key } = this.#dice.pick(this.#keys);
    const object = this.#agents.get(agent);
    if (object === undefined) return;
    const kind = this.#dice.pick(STOPS);
    const later = this.#dice.between(50, 5000);
    const isStartedAgain = this.#dice.chance(0.7);
    switch (kind) {
      case "suspend":
      case "revoke":
        this.#send(object, { do: kind, agent });
        if (isStartedAgain) this.#start(later, object, { do: "resume", agent });
        return;
      case "key":
        return this.#send(object, { do: "revoke_key", key });
      case "workspace":
        this.#send(this.#workspace, { do: "halt" });
        if (isStartedAgain) this.#start(later, this.#workspace, { do: "resume" });
        return;
      case "user": {
        const user = this.#dice.pick(USERS);
        this.#send(this.#workspace, { do: "stop_user", user });
        if (isStartedAgain) this.#start(later, this.#workspace, { do: "resume_user", user });
        return;
      }
      case "txn": {
        const txn = `txn${this.#dice.whole(0, this.#tokens.length)}`;
        return this.#send(this.#workspace, { do: "stop_txn", txn });
      }
    }
  }

  /** A command under its own idempotency key, which may arrive twice. */
  #send<S, C, A>(object: OwnerObject<S, C, A>, command: C, isStop = true): void {
    this.#commands += 1;
    const key = `command${this.#commands}`;
    const arrive = (): void => object.command(key, command);
    if (isStop) this.#adversary.prepare(object.id);
    const isAfterGrant = this.#dice.chance(0.7);
    if (isAfterGrant) object.afterNextGrant(arrive);
    this.#timeline.after(isAfterGrant ? 3000 : this.#dice.between(1, 1500), arrive);
    if (this.#weather.calm || !this.#dice.chance(0.2)) return;
    this.#timeline.after(this.#dice.between(1, 6000), arrive); // once more: sent again, or doubled on the way
  }

  #start<S, C, A>(afterMs: number, object: OwnerObject<S, C, A>, command: C): void {
    this.#timeline.after(afterMs, () => {
      this.#send(object, command, false);
      this.#replayOldTokens(this.#timeline.now + 1500);
    });
  }

  #replayOldTokens(from: number): void {
    const old = [...this.#tokens];
    for (const isolate of this.#isolates) {
      for (let number = 0; number < 3 && old.length > 0; number += 1) {
        const tokenState = this.#dice.pick(old);
        const at = from + this.#dice.between(0, 1500);
        this.#timeline.at(at, () => this.#call(isolate, { with: "token", tokenState }, this.#anyPace()));
      }
    }
  }

  #restartSomething(): void {
    const object = this.#dice.pick([...this.#agents.values(), this.#workspace, this.#org]);
    object.restart(this.#dice.chance(0.6));
  }

  /** A credential that the halt is about, if there is one. */
  #stopped(halt: SimulatedHalt): Credential {
    const isMeant = (tokenState: TokenState): boolean =>
      halt.kind === "workspace" ||
      tokenState.user === (halt.user ?? "") ||
      tokenState.txn === (halt.txn ?? "") ||
      tokenState.chain.some((link) => link.agent === halt.agent || link.key === halt.key);
    const meant = this.#tokens.filter(isMeant);
    if (meant.length > 0 && this.#dice.chance(0.8)) {
      return { with: "token", tokenState: this.#dice.pick(meant) };
    }
    const key = this.#keys.find((each) => each.agent === halt.agent || each.key === halt.key);
    return key === undefined ? this.#anyCredential() : { with: "key", ...key };
  }
}

const orgKind = {
  answer: (epoch: number): OrgAnswer => ({ config_epoch: epoch, ttl_ms: 2000 }),
  epoch: (epoch: number): number => epoch,
  apply: (): undefined => undefined,
};
