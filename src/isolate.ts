/**
 * The data that an isolate keeps between requests: plain, with a bound. Nothing in it is I/O, which belongs to the request that
 * started it.
 */
import { newAgentUseBook, type AgentUseBook } from "./access/agent-uses.ts";
import type { AuthenticationPorts } from "./access/authenticate.ts";
import { newConfigurationCache, type ConfigurationCache } from "./access/configuration.ts";
import { newItemUseBook, type ItemUseBook } from "./access/item-uses.ts";
import { newSigningKeyCache, type SigningKeyCache } from "./access/signing-keys.ts";
import type { LeaseBooks } from "./access/lease-client.ts";
import type { DeadToken } from "./access/operator.ts";
import type { RememberedUser } from "./access/user-tokens.ts";
import { NumberBook } from "./audit/number-book.ts";
import { RefusedCredentials } from "./audit/refused.ts";
import type { McpUpstreamPorts } from "./gateway/mcp/known-server.ts";
import { SessionBook } from "./gateway/mcp/sessions/session-book.ts";
import { newServerBooks, type ServerBooks } from "./gateway/upstream/server-books.ts";
import type { Env, RawEnv } from "./env.ts";
import type { KeyCache } from "./identity/key-cache.ts";
import { BoundedMap } from "./kernel/bounded-map.ts";
import { LeaseBook } from "./lifecycle/lease-book.ts";
import type { LogLevel } from "./mcp/log-level.ts";
import type { KeptStops } from "./lifecycle/stops.ts";
import { newReadinessCache, type ReadinessCache } from "./operations/readiness.ts";
import type { DerivedKeys } from "./secrets/root-key.ts";
import { Cedar, type CedarModule } from "./policy/cedar.ts";
import { PolicyEngine } from "./policy/engine.ts";
import { RateBook } from "./tiers/rate-book.ts";
import { VerificationCache } from "./tokens/cache.ts";

interface PolicyEngines {
  readonly cedar: Cedar;
  readonly engine: PolicyEngine;
  /** For policies that are only tried. */
  readonly trial: PolicyEngine;
}

/** How many sets of policies that are only tried an isolate keeps. */
const MOST_TRIAL_SETS = 32;

interface Isolate {
  /** The checked environment, by the bindings it was made from. */
  readonly environments: WeakMap<RawEnv, Env>;
  derived: DerivedKeys | null;
  readonly books: LeaseBooks;
  /** By workspace: lists of stops that are too long for a lease. */
  readonly stops: BoundedMap<string, KeptStops>;
  readonly configuration: ConfigurationCache;
  readonly signingKeys: SigningKeyCache;
  readonly tokens: VerificationCache;
  readonly keys: AuthenticationPorts["keyCache"];
  /** The known era of each MCP server. */
  readonly mcpEras: McpUpstreamPorts["eras"];
  /** Sessions at legacy MCP servers, for modern clients. */
  readonly mcpSessions: SessionBook;
  /** The level of messages that a legacy MCP client has set, by its session. */
  readonly mcpLevels: BoundedMap<string, LogLevel>;
  /** Sessions that legacy MCP clients have ended. */
  readonly mcpEnded: BoundedMap<string, true>;
  /** What servers have forgotten of the sessions at the door of all, by digest of its id and tool. */
  readonly mcpLost: BoundedMap<string, true>;
  readonly servers: ServerBooks;
  readonly uses: AgentUseBook;
  readonly rates: RateBook;
  readonly itemUses: ItemUseBook;
  readonly deadOperators: BoundedMap<string, DeadToken>;
  readonly providerKeys: KeyCache;
  readonly users: BoundedMap<string, RememberedUser>;
  readonly numbers: NumberBook;
  readonly refused: RefusedCredentials;
  readonly readiness: ReadinessCache;
  /** Null where no door has been served: objects decide nothing. */
  policies: PolicyEngines | null;
}

export const newIsolate = (): Isolate => ({
  environments: new WeakMap(),
  derived: null,
  books: { agents: new LeaseBook(), workspaces: new LeaseBook(1_000), org: new LeaseBook(1) },
  stops: new BoundedMap(100),
  configuration: newConfigurationCache(),
  signingKeys: newSigningKeyCache(),
  tokens: new VerificationCache(),
  keys: new BoundedMap(10_000),
  mcpEras: new BoundedMap(1_000),
  mcpSessions: new SessionBook(5_000),
  mcpLevels: new BoundedMap(5_000),
  mcpEnded: new BoundedMap(5_000),
  mcpLost: new BoundedMap(5_000),
  servers: newServerBooks(),
  uses: newAgentUseBook(),
  rates: new RateBook(10_000),
  itemUses: newItemUseBook(),
  deadOperators: new BoundedMap(1_000),
  providerKeys: new BoundedMap(1_000),
  users: new BoundedMap(5_000),
  numbers: new NumberBook(),
  refused: new RefusedCredentials(),
  readiness: newReadinessCache(),
  policies: null,
});

/** Made once per isolate. The engines load nothing before the first policy. */
export function policyEngines(isolate: Isolate, module: CedarModule): PolicyEngines {
  if (isolate.policies === null) {
    const cedar = new Cedar(module);
    isolate.policies = {
      cedar,
      engine: new PolicyEngine(cedar),
      trial: new PolicyEngine(cedar, MOST_TRIAL_SETS),
    };
  }
  return isolate.policies;
}
