/**
 * The composition root: it fills the ports of the rooms from the environment. The real clock, randomness and
 * Cloudflare's bindings enter here and nowhere else. Ports are composed per request, because I/O belongs to the request that
 * started it; what an isolate keeps in between is in `isolate.ts`.
 */
import { AgentUses } from "./access/agent-uses.ts";
import { ConfigurationReader } from "./access/configuration.ts";
import { SigningKeys } from "./access/signing-keys.ts";
import type { DecisionPorts } from "./access/judge.ts";
import { ItemUses } from "./access/item-uses.ts";
import { LeaseClient } from "./access/lease-client.ts";
import { UserTokens } from "./access/user-tokens.ts";
import type { Services } from "./api/services.ts";
import { recordableArguments } from "./audit/arguments.ts";
import { ledgerCarrier, queueCarrier } from "./audit/carrier.ts";
import { consumeDeadLetters, consumeRecords, type AuditBatch } from "./audit/consumer.ts";
import type { LedgerName } from "./contract/audit.ts";
import { outboxSink, queueSink, whileThereIsRoom, type AuditSink } from "./audit/sink.ts";
import { Egress } from "./egress/egress.ts";
import type { Fetch } from "./egress/open.ts";
import { toolServers } from "./gateway/tool-servers.ts";
import { parseEnv, type Env, type RawEnv } from "./env.ts";
import { ProviderKeys } from "./identity/provider-keys.ts";
import { newIsolate, policyEngines } from "./isolate.ts";
import { systemClock, systemTimers } from "./kernel/clock.ts";
import { idSource } from "./kernel/ids.ts";
import { consoleLog } from "./kernel/log.ts";
import { systemRandom } from "./kernel/random.ts";
import { withStops } from "./lifecycle/stops.ts";
import type { LedgerDeps, ObjectDeps } from "./objects/deps.ts";
import { AgentStreamClient } from "./objects/agent-stream-client.ts";
import { LedgerClient } from "./objects/ledger-client.ts";
import { OwnerClients, outboxPort } from "./objects/owner-clients.ts";
import { makeFirstSigningKeys } from "./operations/make-signing-keys.ts";
import type { Owners } from "./operations/owners/owners.ts";
import type { OperationPorts } from "./operations/request/ports.ts";
import { readiness } from "./operations/readiness.ts";
import { deriveKeys, type DerivedKeys } from "./secrets/root-key.ts";
import { openDatabase } from "./storage/client.ts";
import { loadTiers } from "./tiers/tier-reads.ts";
import { storeUses } from "./registry/declared-items.ts";
import { type CedarModule } from "./policy/cedar.ts";

const clock = systemClock;
const timers = systemTimers;
const random = systemRandom;
const log = consoleLog;
const ids = idSource(clock, random);
/** One for each time that this file is loaded: once in an isolate. */
const isolate = newIsolate();

/** Checked once per isolate. */
function environment(raw: RawEnv): Env {
  const known = isolate.environments.get(raw);
  if (known !== undefined) return known;
  const env = parseEnv(raw, clock);
  isolate.environments.set(raw, env);
  return env;
}

/** Derived once per isolate. Two concurrent first requests derive the same bytes twice. */
async function derivedKeys(env: Env): Promise<DerivedKeys> {
  isolate.derived ??= await deriveKeys(env.rootKeys);
  return isolate.derived;
}

const owners = (env: Env): Owners => new OwnerClients(env, isolate.books);

/** Whether a ledger is full, according to this isolate's lease. */
function isFull(ledger: LedgerName): boolean {
  const { org, workspaces } = isolate.books;
  const lease = ledger === "org" ? org.get(ledger, clock.now()) : workspaces.get(ledger, clock.now());
  return lease?.answer.evidence === "full";
}

const sink = (env: Env): AuditSink => {
  const ports = { outbox: outboxPort(env), timers, log };
  const durable =
    env.audit.mode === "outbox"
      ? outboxSink(ports)
      : queueSink({ ...ports, queue: env.audit.queue, book: isolate.numbers, random });
  return whileThereIsRoom(durable, isFull);
};

const carrier = (env: Env): ObjectDeps["carrier"] =>
  env.audit.mode === "queue" ? queueCarrier(env.audit.queue) : ledgerCarrier(new LedgerClient(env.ledgers));

/** Looks `fetch` up at each call: the platform's `fetch` must not be detached from its global. */
const platformFetch: Fetch = (url, init) => fetch(url, init);

function egressOf({ networks, egressAllowed: allowed }: Env): Egress {
  const ways =
    networks === null
      ? { public: platformFetch, listed: platformFetch }
      : { public: through(networks.public), listed: through(networks.listed) };
  return new Egress({ fetch: ways, timers, allowed });
}

const fixedLength = (bytes: number): ReadableWritablePair<Uint8Array, Uint8Array> =>
  new FixedLengthStream(bytes);

const through =
  (network: Fetcher): Fetch =>
  (url, init) =>
    network.fetch(url, init);

/** Works with any environment. */
export const newRequestId = (): string => ids.next("req");

/** The dependencies of a ledger. */
export const ledgerDeps = (raw: RawEnv): LedgerDeps => {
  const env = environment(raw);
  return { clock, timers, random, log, capacity: env.ledgerCapacity, owners: owners(env) };
};

/** The dependencies of an owner object. */
export const objectDeps = (raw: RawEnv): ObjectDeps => {
  const env = environment(raw);
  const db = openDatabase(env.db);
  const ledgers = new LedgerClient(env.ledgers);
  return { clock, timers, random, ids, log, db, carrier: carrier(env), owners: owners(env), ledgers };
};

/** The services of one HTTP request. */
export async function services(
  raw: RawEnv,
  context: Pick<ExecutionContext, "waitUntil">,
  cedarModule: CedarModule,
): Promise<Services> {
  const env = environment(raw);
  const { cedar, engine, trial } = policyEngines(isolate, cedarModule);
  const derived = await derivedKeys(env);
  const db = openDatabase(env.db);
  const background = (work: Promise<unknown>): void => {
    context.waitUntil(
      work.catch((fault: unknown) => log.write("warn", "background.failed", { fault: String(fault) })),
    );
  };
  const owner = owners(env);
  const uses = new AgentUses({
    book: isolate.uses,
    clock,
    ask: (id, use) => owner.agent(id).lease(use),
    background,
  });
  const leases = new LeaseClient({
    source: {
      agent: (id) => uses.lease(id),
      workspace: async (id) => {
        const object = owner.workspace(id);
        const read = { cache: isolate.stops, now: () => clock.now(), read: () => object.stops() };
        return withStops(id, await object.lease(), read);
      },
      org: () => owner.org().lease(),
    },
    books: isolate.books,
    clock,
    timers,
    random,
    background,
  });
  const configuration = new ConfigurationReader(db, isolate.configuration, env.testIssuer);
  const egress = egressOf(env);
  const userTokens = new UserTokens({
    clock,
    configuration,
    keys: new ProviderKeys({ clock, timers, egress, cache: isolate.providerKeys, log }),
    testIssuer: env.testIssuer,
    remembered: isolate.users,
  });
  const operations: OperationPorts = {
    clock,
    timers,
    ids,
    random,
    log,
    db,
    derived,
    owners: owner,
    tiers: () => loadTiers(db),
  };
  const signingKeys = new SigningKeys({
    clock,
    log,
    db,
    derived,
    leases,
    cache: isolate.signingKeys,
    makeFirstKeys: () => makeFirstSigningKeys(operations, ids.next("req")),
  });
  const audit = sink(env);
  const issuer = env.publicUrl;
  const decisions = {
    clock,
    ids,
    leases,
    configuration,
    tiers: isolate.configuration.tiers,
    rates: isolate.rates,
    itemUses: new ItemUses({
      book: isolate.itemUses,
      clock,
      store: (uses, day) => storeUses(db, uses, day),
      background,
    }),
    policyEngine: engine,
    trialEngine: trial,
    sink: audit,
    recordable: (_question, clear, args) => recordableArguments(derived[0].auditSalt, clear, args),
  } satisfies DecisionPorts;
  /** What calls of the servers behind tools need. */
  const servers = { clock, timers, random, background, egress, derived, ...isolate.servers };
  return {
    issuer,
    corsOrigins: env.corsOrigins,
    clock,
    timers,
    ids,
    log,
    operators: {
      clock,
      db,
      derived,
      retiredForms: env.retiredForms,
      adminToken: env.adminToken,
      deadTokens: isolate.deadOperators,
      background,
    },
    operations: {
      ...operations,
      egress,
      ...toolServers({ ...servers, eras: isolate.mcpEras }),
      testIssuer: env.testIssuer,
      issuer,
      signingKeys,
      ledgers: new LedgerClient(env.ledgers),
      sink: audit,
      cedar,
      trialEngine: trial,
    },
    access: {
      clock,
      db,
      derived,
      retiredForms: env.retiredForms,
      issuer,
      leases,
      configuration,
      userTokens,
      tokenCache: isolate.tokens,
      keyCache: isolate.keys,
      uses,
      background,
      keySet: () => signingKeys.keySet(),
      ids,
      signingKeys,
      sink: audit,
      tiers: isolate.configuration.tiers,
    },
    decisions,
    tools: { ...decisions, ...servers, issuer, signingKeys, fixedLength },
    mcp: {
      ...decisions,
      ...servers,
      issuer,
      signingKeys,
      eras: isolate.mcpEras,
      sessions: isolate.mcpSessions,
      levels: isolate.mcpLevels,
      ended: isolate.mcpEnded,
      lost: isolate.mcpLost,
    },
    streams: new AgentStreamClient(env.agents, timers),
    installation: { version: env.version, auditSink: env.audit.mode },
    logsOneIn: env.logsOneIn,
    rateCounters: env.rateCounters,
    clientIpHeader: env.clientIpHeader,
    refused: isolate.refused,
    background,
    readiness: () => readiness({ clock, timers, db, cache: isolate.readiness }),
  };
}

/** The ports of the scheduled sweep. */
export async function sweepPorts(raw: RawEnv): Promise<OperationPorts> {
  const env = environment(raw);
  const derived = await derivedKeys(env);
  const db = openDatabase(env.db);
  return { clock, timers, ids, random, log, db, derived, owners: owners(env), tiers: () => loadTiers(db) };
}

/** The consumers of the audit queue and of its dead-letter queue. */
export async function consume(raw: RawEnv, queue: string, batch: AuditBatch): Promise<void> {
  const env = environment(raw);
  if (queue.endsWith("-dlq")) await consumeDeadLetters(batch, new LedgerClient(env.ledgers), log);
  else await consumeRecords(batch, new LedgerClient(env.ledgers), log);
}
