/**
 * The Worker with windows in it, for the benchmark alone; it is never shipped. Everything that decides is the real
 * thing, composed by the real composition root. What differs:
 *
 *   GET /bench/uses          how often D1 and the objects were asked since the start, in the way of an answer or behind
 *   GET /bench/sets          how often the policy engine found a set of policies that it keeps, and how often not
 *   POST /bench/evidence     {keep}: with false the sink of the decisions keeps nothing, so that its cost shows
 *   POST /bench/append       batches of records straight into a ledger: {ledger, record, batches, size}
 */
import { createApp } from "../../../src/api/app.ts";
import { embeddedDoor } from "../../../src/api/embedded-door.ts";
import type { AuditSink, Recorded } from "../../../src/audit/sink.ts";
import type { AuditRecord } from "../../../src/contract/audit.ts";
import { cedarModule } from "../../../src/cedar-module.ts";
import type { RawEnv } from "../../../src/env.ts";
import { ok } from "../../../src/kernel/result.ts";
import type { PolicyEngine } from "../../../src/policy/engine.ts";
import { newRequestId, services } from "../../../src/wire.ts";
import dome from "../../../src/worker.ts";

export { AgentObject, LedgerObject, WorkspaceObject } from "../../../src/worker.ts";

/** How often a binding was used, by binding and method (`AGENT.lease`). */
const uses = { in_the_way: new Map<string, number>(), behind: new Map<string, number>() };
/** Begun in this turn of the Worker. What is handed to the background at once holds up no answer. */
const fresh: string[] = [];
let keepEvidence = true;
/** That of the isolate; null before its first request. */
let engine: PolicyEngine | null = null;

function note(where: Map<string, number>, begun: readonly string[]): void {
  for (const use of begun) where.set(use, (where.get(use) ?? 0) + 1);
}

function count(use: string): void {
  fresh.push(use);
  if (fresh.length === 1) queueMicrotask(() => note(uses.in_the_way, fresh.splice(0)));
}

type Method = (...args: unknown[]) => unknown;

/** Counts the calls of all methods, or of the ones named. */
function counted<T extends object>(target: T, name: string, methods?: readonly string[]): T {
  return new Proxy(target, {
    get: (whole, member) => {
      const value: unknown = Reflect.get(whole, member, whole);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        if (methods === undefined || methods.includes(String(member))) count(`${name}.${String(member)}`);
        return Reflect.apply(value as Method, whole, args);
      };
    },
  });
}

/** A namespace whose stubs count what is asked of their objects. */
const countedObjects = <N extends object>(namespace: N, name: string): N =>
  new Proxy(namespace, {
    get: (whole, member) => {
      const method = Reflect.get(whole, member, whole) as Method;
      return (...args: unknown[]): unknown => {
        const made = Reflect.apply(method, whole, args);
        return member === "get" ? counted(made as object, name) : made;
      };
    },
  });

/** One per environment: the Worker keeps what it has checked by the identity of its bindings. */
const watched = new WeakMap<RawEnv, RawEnv>();

function watchedEnv(raw: RawEnv): RawEnv {
  const known = watched.get(raw);
  if (known !== undefined) return known;
  const env: RawEnv = {
    ...raw,
    // Every query of D1 prepares a statement first, or sends a batch of statements.
    DB: counted(raw.DB, "DB", ["prepare", "batch", "exec", "withSession"]),
    AGENT: countedObjects(raw.AGENT, "AGENT"),
    WORKSPACE: countedObjects(raw.WORKSPACE, "WORKSPACE"),
    LEDGER: countedObjects(raw.LEDGER, "LEDGER"),
  };
  watched.set(raw, env);
  return env;
}

const NOTHING: AuditSink = { record: (draft) => Promise.resolve(ok(draft as Recorded)) };

const app = createApp(async (raw, background) => {
  const waitUntil = (work: Promise<unknown>): void => {
    note(uses.behind, fresh.splice(0));
    background.waitUntil(work);
  };
  const real = await services(watchedEnv(raw as RawEnv), { waitUntil }, cedarModule);
  engine = real.decisions.policyEngine;
  return keepEvidence ? real : { ...real, decisions: { ...real.decisions, sink: NOTHING } };
}, newRequestId);

interface AppendOrder {
  readonly ledger: string;
  /** What every record is a copy of. */
  readonly record: AuditRecord;
  readonly batches: number;
  readonly size: number;
}

let numbered = 0;
/** Ids that rise as real ones do, and cost nothing to make: they are not what is measured. */
const idOf = (prefix: string, n: number): string => `${prefix}_${String(n).padStart(26, "0")}`;

/** As the queue's consumer does it: one batch after the other, each one call. */
async function append(raw: RawEnv, { ledger, record, batches, size }: AppendOrder): Promise<Response> {
  const stub = raw.LEDGER.get(raw.LEDGER.idFromName(ledger));
  let accepted = 0;
  for (let batch = 0; batch < batches; batch += 1) {
    const records = Array.from({ length: size }, () => {
      const n = (numbered += 1);
      const names = { decision_id: idOf("dec", n), txn: idOf("txn", n), request_id: idOf("req", n) };
      return { ...record, ...names, id: idOf("evt", n), n };
    });
    const report = await stub.append(records);
    accepted += report.accepted;
  }
  return Response.json({ accepted });
}

async function serve(request: Request, raw: RawEnv, context: ExecutionContext): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/bench/uses") {
    return Response.json({
      in_the_way: Object.fromEntries(uses.in_the_way),
      behind: Object.fromEntries(uses.behind),
    });
  }
  if (pathname === "/bench/sets") return Response.json(engine?.counts);
  if (pathname === "/bench/evidence") {
    keepEvidence = (await request.json<{ keep: boolean }>()).keep;
    return Response.json({});
  }
  if (pathname === "/bench/append") return append(raw, await request.json<AppendOrder>());
  return app.fetch(request, raw, context);
}

/** What the socket stands on, as the embedded server's does. */
export const EmbeddedDoor = {
  fetch: embeddedDoor(serve, newRequestId),
} satisfies ExportedHandler<RawEnv>;

/** Behind Miniflare's own entry: the same, so that the two ways in can be compared. */
export default {
  fetch: serve,
  queue: (batch, raw) => dome.queue(batch, raw),
  scheduled: (controller, raw) => dome.scheduled(controller, raw),
} satisfies ExportedHandler<RawEnv>;
