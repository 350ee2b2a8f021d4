/**
 * The Worker in bad weather, for the fault run alone; it is never shipped. Everything that decides is the real thing;
 * what it reaches for goes through here:
 *
 *   D1        statements and batches fail before they are carried out, fail after, or are slow
 *   queue     refuses, accepts and reports a failure, accepts twice, is slower than the hedge waits
 *   objects   are thrown out of memory before a call, or in the middle of one
 *
 * The queue itself is a Durable Object (`LabQueue`). Miniflare's queue holds its messages in memory, so a `kill -9`
 * would lose what it has accepted, which no real queue does. This one accepts on disk and delivers at least once: out
 * of order, sometimes twice, with retries and a dead-letter queue.
 *
 *   GET  /lab            how often each fault has struck in this process, and how many messages wait
 *   GET  /lab/offered    the records that were ever handed to the queue, and whether it took them
 *   POST /lab/sweep      the scheduled handler, which nobody calls here
 */
import { DurableObject } from "cloudflare:workers";
import type { AuditRecord } from "../../../../src/contract/audit.ts";
import type { RawEnv } from "../../../../src/env.ts";
import dome, {
  AgentObject as Agent,
  LedgerObject as Ledger,
  WorkspaceObject as Workspace,
} from "../../../../src/worker.ts";

interface LabEnv extends RawEnv {
  readonly LAB_QUEUE: DurableObjectNamespace<LabQueue>;
  readonly LAB_SEED: string;
  /** `on` or `off`. */
  readonly LAB_FAULTS: string;
}

/** Of all uses, the share that a fault strikes. */
const SHARES = {
  "d1.fails": 0.03,
  "d1.lands_but_fails": 0.03,
  "d1.slow": 0.04,
  "queue.refuses": 0.08,
  "queue.accepts_but_fails": 0.04,
  "queue.slow": 0.03,
  "queue.doubles": 0.08,
  "queue.delivers_again": 0.1,
  "object.evicted_before": 0.02,
  "object.evicted_during": 0.02,
} as const;
type Fault = keyof typeof SHARES;

const LOST = "D1_ERROR: Network connection lost.";
const AUDIT = "dome-audit";
const MOST_RETRIES = 10;
const DELIVERY_EVERY_MS = 100;

const struck = new Map<string, number>();
let state: number | null = null;

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
function chance(env: LabEnv): number {
  state = ((state ?? Number(env.LAB_SEED)) + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

function strikes(env: LabEnv, fault: Fault): boolean {
  if (env.LAB_FAULTS !== "on" || chance(env) >= SHARES[fault]) return false;
  struck.set(fault, (struck.get(fault) ?? 0) + 1);
  return true;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

type Method = (...args: readonly unknown[]) => unknown;

async function onD1<T>(env: LabEnv, run: () => Promise<T>): Promise<T> {
  if (strikes(env, "d1.fails")) throw new Error(LOST);
  if (strikes(env, "d1.slow")) await pause(50 + 500 * chance(env));
  const result = await run();
  if (strikes(env, "d1.lands_but_fails")) throw new Error(LOST);
  return result;
}

/** A database whose statements and batches meet with faults as they run. */
function badDatabase(env: LabEnv): D1Database {
  const originals = new WeakMap<object, D1PreparedStatement>();
  const statement = (original: D1PreparedStatement): D1PreparedStatement => {
    const made = new Proxy(original, {
      get: (whole, member) => {
        const value = Reflect.get(whole, member, whole) as Method;
        if (member === "bind")
          return (...args: readonly unknown[]) =>
            statement(Reflect.apply(value, whole, args) as D1PreparedStatement);
        return (...args: readonly unknown[]) => onD1(env, async () => Reflect.apply(value, whole, args));
      },
    });
    originals.set(made, original);
    return made;
  };
  return new Proxy(env.DB, {
    get: (whole, member) => {
      if (member === "prepare") return (query: string) => statement(whole.prepare(query));
      if (member === "batch")
        return (statements: readonly D1PreparedStatement[]) =>
          onD1(env, () => whole.batch(statements.map((each) => originals.get(each) ?? each)));
      throw new Error(`the lab's database has no ${String(member)}`);
    },
  });
}

interface Evictable {
  labEvict(): Promise<void>;
}

/** A namespace whose objects are thrown out of memory at any moment. A stub breaks with its object, so each call has its own. */
const evicted = <N extends RawEnv["AGENT"] | RawEnv["WORKSPACE"] | RawEnv["LEDGER"]>(
  env: LabEnv,
  namespace: N,
): N =>
  new Proxy(namespace, {
    get: (whole, member) => {
      const value = Reflect.get(whole, member, whole) as Method;
      if (member !== "get") return (...args: readonly unknown[]) => Reflect.apply(value, whole, args);
      const stub = (id: DurableObjectId): object => whole.get(id);
      const evict = (id: DurableObjectId): Promise<void> =>
        (stub(id) as unknown as Evictable).labEvict().catch(() => undefined);
      const evictSoon = async (id: DurableObjectId): Promise<void> => {
        await pause(5 * chance(env));
        await evict(id);
      };
      return (id: DurableObjectId) =>
        new Proxy(stub(id), {
          get:
            (_stub, method) =>
            async (...args: readonly unknown[]) => {
              if (strikes(env, "object.evicted_before")) await evict(id);
              const target = stub(id);
              const call = Reflect.apply(Reflect.get(target, method) as Method, target, args);
              if (strikes(env, "object.evicted_during")) evictSoon(id).catch(() => undefined);
              return call;
            },
        });
    },
  });

/** The producer's side of the lab's queue. */
function badQueue(env: LabEnv): Queue {
  const accept = async (bodies: readonly unknown[]): Promise<void> => {
    await labQueue(env).offer(bodies as AuditRecord[]);
    if (strikes(env, "queue.refuses")) throw new Error("Queue is overloaded. Please back off.");
    if (strikes(env, "queue.slow")) await pause(200 + 900 * chance(env));
    await labQueue(env).accept(
      bodies.flatMap((body) => (strikes(env, "queue.doubles") ? [body, body] : [body])),
    );
    if (strikes(env, "queue.accepts_but_fails")) throw new Error("Queue send failed: no answer.");
  };
  return {
    send: (body: unknown) => accept([body]),
    sendBatch: (messages: Iterable<{ body: unknown }>) => accept([...messages].map(({ body }) => body)),
  } as unknown as Queue;
}

const labQueue = (env: LabEnv) => env.LAB_QUEUE.get(env.LAB_QUEUE.idFromName("queue"));

/** One per environment: the Worker keeps what it has checked by the identity of its bindings. */
const faulty = new WeakMap<LabEnv, RawEnv>();

function withFaults(env: LabEnv): RawEnv {
  const known = faulty.get(env);
  if (known !== undefined) return known;
  const made: RawEnv = {
    ...env,
    DB: badDatabase(env),
    AUDIT_QUEUE: badQueue(env),
    AGENT: evicted(env, env.AGENT),
    WORKSPACE: evicted(env, env.WORKSPACE),
    LEDGER: evicted(env, env.LEDGER),
  };
  faulty.set(env, made);
  return made;
}

export class AgentObject extends Agent {
  constructor(context: DurableObjectState, env: LabEnv) {
    super(context, withFaults(env));
  }
  labEvict(): void {
    this.ctx.abort("evicted");
  }
}

export class WorkspaceObject extends Workspace {
  constructor(context: DurableObjectState, env: LabEnv) {
    super(context, withFaults(env));
  }
  labEvict(): void {
    this.ctx.abort("evicted");
  }
}

export class LedgerObject extends Ledger {
  labEvict(): void {
    this.ctx.abort("evicted");
  }
}

type Row = { id: number; queue: string; body: string; attempts: number };

/** A record, and whether the queue took it (1). */
type Offered = { id: string; producer: string; n: number; kind: string; taken: number };

/** The queue and its dead-letter queue. */
export class LabQueue extends DurableObject<LabEnv> {
  readonly #sql: SqlStorage;

  constructor(context: DurableObjectState, env: LabEnv) {
    super(context, env);
    this.#sql = context.storage.sql;
    this.#sql.exec(
      `CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL,
         body TEXT NOT NULL, attempts INTEGER NOT NULL, due INTEGER NOT NULL);
       CREATE TABLE IF NOT EXISTS offered (id TEXT PRIMARY KEY, producer TEXT NOT NULL, n INTEGER NOT NULL,
         kind TEXT NOT NULL, taken INTEGER NOT NULL DEFAULT 0)`,
    );
    if (this.#waiting() > 0) this.#deliverSoon();
  }

  /** Notes what is about to be sent, so that what never arrives is known by name. */
  offer(records: readonly AuditRecord[]): void {
    for (const { id, producer, n, kind } of records) {
      this.#sql.exec(
        "INSERT OR IGNORE INTO offered (id, producer, n, kind) VALUES (?, ?, ?, ?)",
        id,
        producer,
        n,
        kind,
      );
    }
  }

  /** Takes all of them or none; on disk when it resolves. */
  async accept(bodies: readonly unknown[]): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      for (const body of bodies) {
        this.#sql.exec(
          "INSERT INTO messages (queue, body, attempts, due) VALUES (?, ?, 1, 0)",
          AUDIT,
          JSON.stringify(body),
        );
        this.#sql.exec("UPDATE offered SET taken = 1 WHERE id = ?", (body as AuditRecord).id);
      }
    });
    this.#deliverSoon();
    await this.ctx.storage.sync();
  }

  override async alarm(): Promise<void> {
    try {
      for (const queue of [AUDIT, `${AUDIT}-dlq`]) await this.#deliver(queue);
    } finally {
      if (this.#waiting() > 0) this.#deliverSoon();
    }
  }

  waiting(): number {
    return this.#waiting();
  }

  offered(): Offered[] {
    return this.#sql.exec<Offered>("SELECT id, producer, n, kind, taken FROM offered").toArray();
  }

  async #deliver(queue: string): Promise<void> {
    const now = Date.now();
    const rows = this.#sql
      .exec<Row>(
        `SELECT id, queue, body, attempts FROM messages WHERE queue = ? AND due <= ?
         ORDER BY (id * ?) % 97 LIMIT 100`,
        queue,
        now,
        1 + Math.floor(96 * chance(this.env)),
      )
      .toArray();
    if (rows.length === 0) return;
    const again = new Map<number, number>(); // seconds, by message
    const message = ({ id, body, attempts }: Row) => ({
      id: String(id),
      timestamp: new Date(now),
      body: JSON.parse(body) as unknown,
      attempts,
      ack: () => void again.delete(id),
      retry: (options?: { delaySeconds?: number }) => void again.set(id, options?.delaySeconds ?? 0),
    });
    const batch = { queue, messages: rows.map(message), ackAll: () => undefined, retryAll: () => undefined };
    await dome.queue(batch as unknown as MessageBatch, withFaults(this.env));
    for (const row of rows) this.#settle(row, again.get(row.id));
  }

  /** The delays that the consumer asks for are minutes in the end; here they are cut to what a test can wait for. */
  #settle({ id, queue, attempts }: Row, delaySeconds: number | undefined): void {
    const later = Date.now() + 1000 * Math.min(delaySeconds ?? 0, 1);
    if (delaySeconds === undefined && !strikes(this.env, "queue.delivers_again"))
      this.#sql.exec("DELETE FROM messages WHERE id = ?", id);
    else if (delaySeconds === undefined || attempts <= MOST_RETRIES)
      this.#sql.exec("UPDATE messages SET attempts = attempts + 1, due = ? WHERE id = ?", later, id);
    else
      this.#sql.exec(
        "UPDATE messages SET queue = ?, attempts = 1, due = ? WHERE id = ?",
        queue === AUDIT ? `${AUDIT}-dlq` : queue,
        later,
        id,
      );
  }

  #waiting(): number {
    return this.#sql.exec<{ waiting: number }>("SELECT count(*) AS waiting FROM messages").one().waiting;
  }

  #deliverSoon(): void {
    this.ctx.storage.setAlarm(Date.now() + DELIVERY_EVERY_MS).catch(() => undefined);
  }
}

export default {
  fetch: async (request, env, context) => {
    switch (new URL(request.url).pathname) {
      case "/lab":
        return Response.json({ struck: Object.fromEntries(struck), waiting: await labQueue(env).waiting() });
      case "/lab/offered":
        return Response.json(await labQueue(env).offered());
      case "/lab/sweep":
        await dome.scheduled({} as ScheduledController, withFaults(env));
        return Response.json({});
      default:
        return dome.fetch(request, withFaults(env), context);
    }
  },
} satisfies ExportedHandler<LabEnv>;
