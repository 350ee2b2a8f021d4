/** What a case plays on: the server's operator, the agents of the case, its clients with a proxy before each. */
import assert from "node:assert/strict";
import { vi } from "vitest";
import { testIssuer } from "../../../src/contract/test-users.ts";
import type { RunningServer } from "../../support/server.ts";
import { asOperator } from "../../support/server-calls.ts";
import { runDome } from "../dome-command.ts";
import type { Case, Expected, Step } from "./cases.ts";
import { ownDriver, type Driver } from "./driver.ts";
import { otherProcess, type OtherProcess } from "./other-process.ts";
import { startProxy, type Proxy } from "./proxy.ts";

interface Agent {
  readonly id: string;
  readonly name: string;
  /** Of every key it has had, the newest last. */
  readonly keys: { readonly id: string; readonly secret: string }[];
}

interface Client {
  readonly agent: Agent;
  readonly driver: Driver;
  readonly proxy: Proxy;
  readonly process: OtherProcess | null;
}

const UNKNOWN_KEY = `dome_at_${"0".repeat(49)}`;
const CLOSES_WITHIN_MS = 7_500;

type Asked<K extends keyof Step> = NonNullable<Step[K]>;

/** The requests that stand before all cases. */
export async function setUp(
  server: RunningServer,
  requests: readonly { method: string; path: string; body?: object | undefined }[],
): Promise<void> {
  const issuer = testIssuer(server.port + 1);
  for (const { method, path, body } of requests) {
    const filled = JSON.parse(JSON.stringify(body ?? {}).replaceAll("{issuer}", issuer)) as object;
    await asOperator(server, method, path, filled);
  }
}

export class Stage {
  readonly #server: RunningServer;
  readonly #agents = new Map<string, Agent>();
  readonly #clients = new Map<string, Client>();
  readonly #tokens = new Map<string, string>();
  readonly #works = new Map<string, Client>();

  constructor(server: RunningServer) {
    this.#server = server;
  }

  /** @param suffix makes the names of the agents those of this case alone. */
  async register(agents: Case["agents"], suffix: string): Promise<void> {
    // One agent may name another, which must be there first.
    for (const [alias, { activate, ...body }] of Object.entries(agents).toReversed()) {
      const name = `${alias}-${suffix}`;
      const filled = JSON.parse(this.#filled(JSON.stringify(body))) as object;
      const made = await asOperator(this.#server, "POST", "/api/v1/agents", { ...filled, name });
      const { agent, api_key: key } = made as { agent: Agent; api_key: Agent["keys"][number] };
      this.#agents.set(alias, { id: agent.id, name, keys: [key] });
      if (activate) await asOperator(this.#server, "POST", `/api/v1/agents/${agent.id}/activate`, {});
    }
  }

  async play(step: Step): Promise<void> {
    if (step.admin) await this.#admin(step.admin);
    if (step.rotate) await this.#rotate(step.rotate);
    if (step.client) await this.#make(step.client);
    if (step.start) assert.equal(await this.#of(step.start).driver("start", {}), step.start.error ?? null);
    if (step.token) this.#tokens.set(step.token.as, await this.#of(step.token).driver("token", {}));
    if (step.check) await this.#check(step.check);
    if (step.work) await this.#work(step.work);
    if (step.finish) await this.#working(step.finish.work).driver("finish", { name: step.finish.work });
    if (step.expect_work) await this.#expectWork(step.expect_work);
    if (step.heard) await this.#heard(step.heard);
    if (step.drained) await this.#drained(step.drained);
    if (step.network) this.#of(step.network).proxy.set(step.network.is);
    if (step.emit) {
      const { kind, data, of_last_decision: ofLastDecision } = step.emit;
      await this.#of(step.emit).driver("emit", { kind, data, ofLastDecision });
    }
    if (step.flush) await this.#flush(step.flush);
    if (step.recorded) await this.#recorded(step.recorded);
    if (step.close) await this.#close(this.#of(step.close));
  }

  /** Closes all clients, then says what was wrong with them: one that fails must not leave the others open (P4). */
  async end(): Promise<void> {
    const ended = await Promise.allSettled([...this.#clients.values()].map((client) => this.#end(client)));
    const faults = ended.flatMap((each) => (each.status === "rejected" ? [each.reason as unknown] : []));
    if (faults.length > 0) throw new AggregateError(faults, faults.map(String).join("; "));
  }

  async #end(client: Client): Promise<void> {
    const [printed, closed] = await this.#closed(client);
    const keys = [...this.#agents.values()].flatMap((agent) => agent.keys.map(({ secret }) => secret));
    for (const secret of [...keys, ...this.#tokens.values(), UNKNOWN_KEY])
      assert.ok(!printed.includes(secret), "a key or token was printed");
    assert.doesNotMatch(printed, /eyJ[\w-]{10,}\.eyJ/);
    assert.ok(closed < CLOSES_WITHIN_MS, "closing took too long");
  }

  /** @returns whatever the client has printed or could print, and how long closing it took. */
  async #closed({ driver, proxy, process }: Client): Promise<[string, number]> {
    try {
      const printed = await driver("printed", {});
      proxy.set("open");
      return [printed.join("\n"), await driver("close", {})];
    } finally {
      await process?.end();
      await proxy.close();
    }
  }

  async #admin({ method, path, body }: Asked<"admin">): Promise<void> {
    await asOperator(this.#server, method, this.#filled(path), body ?? {});
  }

  async #rotate({ agent: alias, overlap_seconds }: Asked<"rotate">): Promise<void> {
    const agent = this.#agent(alias);
    const body = { replaces: agent.keys.at(-1)?.id, overlap_seconds };
    const made = await asOperator(this.#server, "POST", `/api/v1/agents/${agent.id}/keys`, body);
    const { api_key: key } = made as { api_key: Agent["keys"][number] };
    agent.keys.push(key);
    for (const client of this.#clients.values())
      if (client.agent === agent) await client.driver("useKey", { key: key.secret });
  }

  async #make(asked: Asked<"client">): Promise<void> {
    const agent = this.#agent(asked.agent);
    const proxy = await startProxy(this.#server.url);
    const process = asked.own_process ? otherProcess() : null;
    const driver = process?.driver ?? ownDriver();
    const newest = agent.keys.at(-1)?.secret ?? "";
    const keys = { newest, latest: newest, unknown: UNKNOWN_KEY, malformed: newest.slice(0, -1) };
    const fault = await driver("make", {
      baseUrl: proxy.url,
      key: keys[asked.key],
      isRead: asked.key === "latest",
      skewMs: asked.clock_skew_ms,
      raiseOnError: asked.raise_on_error,
    });
    this.#clients.set(asked.as, { agent, driver, proxy, process });
    assert.equal(fault, asked.error ?? null);
  }

  async #check(asked: Asked<"check">): Promise<void> {
    const { driver } = this.#of(asked);
    const { tool, model, integration } = asked;
    const subject = Object.entries({ tool, model, integration, arguments: asked.arguments });
    const request = Object.fromEntries(subject.filter(([, value]) => value !== undefined)) as {
      tool: string;
    };
    const caller = asked.on_behalf_of === undefined ? undefined : this.#tokens.get(asked.on_behalf_of);
    const user =
      asked.as_user === undefined ? undefined : await this.#userToken(asked.as_user, asked.audience);
    await eventually(asked.within_ms, async () => {
      const given = {
        request,
        ...(user === undefined ? {} : { user }),
        ...(caller === undefined ? {} : { caller }),
      };
      const { decision, error, callbacks } = await driver("check", given);
      if ("error" in asked.expect) {
        assert.deepEqual({ error, callbacks }, { error: asked.expect.error, callbacks: [] });
        return;
      }
      assert.deepEqual(
        { error, ...seen(decision, callbacks, asked.expect) },
        { error: null, ...asked.expect },
      );
    });
  }

  async #userToken(user: string, audience: string): Promise<string> {
    const argv = ["users", "test-token", user, "--audience", audience, "--state", this.#server.stateDir];
    const { stdout, stderr } = await runDome(argv, this.#server.clientEnv);
    const token = stdout.trim();
    if (token === "") throw new Error(stderr);
    this.#tokens.set(`${user} for ${audience}`, token);
    return token;
  }

  async #work({ client: alias, as: name, tool }: Asked<"work">): Promise<void> {
    const client = this.#of({ client: alias });
    this.#works.set(name, client);
    await client.driver("work", { name, tool });
  }

  async #expectWork({ work, state, within_ms }: Asked<"expect_work">): Promise<void> {
    await eventually(within_ms, async () => {
      assert.equal(await this.#working(work).driver("workState", { name: work }), state);
    });
  }

  async #heard(asked: Asked<"heard">): Promise<void> {
    await eventually(asked.within_ms, async () => {
      const heard = await this.#of(asked).driver("heard", {});
      let from = 0;
      for (const type of asked.types) {
        from = heard.indexOf(type, from) + 1;
        assert.ok(from > 0, `${type} was not heard, or not in its turn: ${heard.join(", ")}`);
      }
    });
  }

  async #drained(asked: Asked<"drained">): Promise<void> {
    await eventually(asked.within_ms, async () => {
      assert.equal(await this.#of(asked).driver("drained", {}), asked.is);
    });
  }

  async #flush(asked: Asked<"flush">): Promise<void> {
    await eventually(asked.within_ms, async () => {
      assert.equal(await this.#of(asked).driver("flush", {}), asked.waiting);
    });
  }

  async #recorded({ agent, kind, count, within_ms }: Asked<"recorded">): Promise<void> {
    const query = new URLSearchParams({ agent: this.#agent(agent).id, kind });
    const counted = async (): Promise<void> => {
      const page = await asOperator(this.#server, "GET", `/api/v1/audit?${query.toString()}`);
      assert.equal((page as { items: unknown[] }).items.length, count);
    };
    await eventually(within_ms, counted);
    // A second one may be on its way still.
    const later = Date.now() + 1_000;
    await vi.waitFor(() => assert.ok(Date.now() > later), { timeout: 5_000, interval: 100 });
    await counted();
  }

  async #close({ driver }: Client): Promise<void> {
    assert.ok((await driver("close", {})) < CLOSES_WITHIN_MS, "closing took too long");
  }

  #agent(alias: string): Agent {
    const agent = this.#agents.get(alias);
    if (agent === undefined) throw new Error(`the case has no agent ${alias}`);
    return agent;
  }

  #of({ client: alias }: { readonly client: string }): Client {
    const client = this.#clients.get(alias);
    if (client === undefined) throw new Error(`the case has no client ${alias}`);
    return client;
  }

  #working(name: string): Client {
    const client = this.#works.get(name);
    if (client === undefined) throw new Error(`the case has no work ${name}`);
    return client;
  }

  #filled(text: string): string {
    return text.replaceAll(/\{(name:)?([a-z]+)\}/g, (_whole, named: string | undefined, alias: string) =>
      named === undefined ? this.#agent(alias).id : this.#agent(alias).name,
    );
  }
}

/** What a decision looks like in the words of `expected`: only the members that it asks about. */
function seen(
  decision: {
    readonly decision: string;
    readonly reason: string;
    readonly local: boolean;
    readonly decisionId: string | null;
    readonly change: unknown;
  } | null,
  callbacks: readonly string[],
  expected: Exclude<Expected, { error: string }>,
): Partial<Record<keyof typeof expected, unknown>> {
  if (decision === null) return {};
  const isOne = Array.isArray(expected.reason) && expected.reason.includes(decision.reason);
  return {
    decision: decision.decision,
    reason: isOne ? expected.reason : decision.reason,
    local: decision.local,
    callbacks: [...callbacks],
    ...("decision_id" in expected ? { decision_id: decision.decisionId !== null } : {}),
    ...("change" in expected ? { change: decision.change !== null } : {}),
  };
}

/** Holds at once, or within the time. */
async function eventually(withinMs: number | undefined, holds: () => Promise<void>): Promise<void> {
  if (withinMs === undefined) await holds();
  else await vi.waitFor(holds, { timeout: withinMs, interval: 150 });
}
