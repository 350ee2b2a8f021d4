/**
 * Turns raw bindings into a checked environment. Only this file names the bindings. A fault is reported at the first
 * request, with the name of the variable and never with its value.
 */
import type { AgentShell } from "./objects/agent-object.ts";
import type { LedgerShell } from "./objects/ledger-object.ts";
import type { WorkspaceShell } from "./objects/workspace-object.ts";
import { isTestIssuer } from "./contract/test-users.ts";
import { IsolateCounter } from "./api/isolate-counter.ts";
import type { RateCounter, RateCounters } from "./api/rate-limits.ts";
import type { Clock } from "./kernel/clock.ts";
import { parseOrigins } from "./kernel/origins.ts";
import { DEFAULT_CAPACITY_BYTES } from "./lifecycle/evidence.ts";
import { parseRetiredForms, parseRootKeys, type RootKeys } from "./secrets/root-key.ts";

type RateName =
  | "RATE_REFUSED"
  | "RATE_LOW"
  | "RATE_NORMAL"
  | "RATE_HIGH"
  | "RATE_AGENT"
  | "RATE_WORKSPACE"
  | "RATE_OPERATOR";

/** The bindings of wrangler.toml, and of the embedded server. */
export interface RawEnv extends Readonly<Partial<Record<RateName, RateLimit>>> {
  readonly DB: D1Database;
  readonly AGENT: DurableObjectNamespace<AgentShell>;
  readonly WORKSPACE: DurableObjectNamespace<WorkspaceShell>;
  readonly LEDGER: DurableObjectNamespace<LedgerShell>;
  readonly AUDIT_QUEUE?: Queue;
  readonly DOME_ROOT_KEY?: string;
  readonly DOME_ADMIN_TOKEN?: string;
  readonly DOME_PUBLIC_URL?: string;
  readonly DOME_AUDIT_SINK?: string;
  readonly DOME_CORS_ORIGINS?: string;
  readonly DOME_CLIENT_IP_HEADER?: string;
  readonly DOME_EGRESS_ALLOW?: string;
  readonly DOME_LOG?: string;
  readonly DOME_VERSION?: string;
  readonly DOME_LEDGER_CAPACITY?: string;
  /** Only the embedded server sets these five. */
  readonly DOME_EMBEDDED?: string;
  readonly DOME_TEST_ISSUER?: string;
  readonly DOME_RATE_LIMITS?: Readonly<Record<RateName, number>>;
  readonly EGRESS_PUBLIC?: Fetcher;
  readonly EGRESS_LISTED?: Fetcher;
}

export interface Env {
  readonly db: D1Database;
  readonly agents: DurableObjectNamespace<AgentShell>;
  readonly workspaces: DurableObjectNamespace<WorkspaceShell>;
  readonly ledgers: DurableObjectNamespace<LedgerShell>;
  readonly audit: { readonly mode: "queue"; readonly queue: Queue } | { readonly mode: "outbox" };
  readonly rateCounters: RateCounters;
  /** The header in which a proxy reports the client's address; null for none. Used only where there is no edge. */
  readonly clientIpHeader: string | null;
  readonly rootKeys: RootKeys;
  /** Form keys of root-key versions that are no longer configured. */
  readonly retiredForms: readonly Uint8Array<ArrayBuffer>[];
  readonly adminToken: string | null;
  /** The issuer, and the default audience. Never taken from a request's host. */
  readonly publicUrl: string;
  readonly corsOrigins: readonly string[];
  /** Origins that Dome may call although they are not https at a public name. */
  readonly egressAllowed: ReadonlySet<string>;
  /** The issuer of test users whose tokens are accepted; null for none. */
  readonly testIssuer: string | null;
  /**
   * The networks through which the embedded server calls other servers; null on the platform, which has no inside
   * addresses.
   */
  readonly networks: { readonly public: Fetcher; readonly listed: Fetcher } | null;
  /** One in this many requests is logged; null when none is. */
  readonly logsOneIn: number | null;
  readonly version: string;
  /** The greatest size of a workspace's ledger, in bytes. */
  readonly ledgerCapacity: number;
}

/** True in the embedded server, which serves only on a socket of the Worker's own. */
export const isEmbedded = (raw: RawEnv): boolean => raw.DOME_EMBEDDED !== undefined;

/**
 * @param clock for rate limits that the isolate counts itself.
 * @throws Error naming the variable that is missing or wrong.
 */
export function parseEnv(raw: RawEnv, clock: Clock): Env {
  const rootKeys = parseRootKeys(raw.DOME_ROOT_KEY ?? "");
  if (!rootKeys.ok) throw new Error(`DOME_ROOT_KEY is not usable: ${rootKeys.error.kind}`);
  return {
    db: raw.DB,
    agents: raw.AGENT,
    workspaces: raw.WORKSPACE,
    ledgers: raw.LEDGER,
    audit: auditOf(raw),
    rateCounters: rateCountersOf(raw, clock),
    clientIpHeader: raw.DOME_CLIENT_IP_HEADER || null,
    rootKeys: rootKeys.value,
    retiredForms: parseRetiredForms(raw.DOME_ROOT_KEY ?? ""),
    adminToken:
      raw.DOME_ADMIN_TOKEN === undefined || raw.DOME_ADMIN_TOKEN === "" ? null : raw.DOME_ADMIN_TOKEN,
    publicUrl: publicUrlOf(raw.DOME_PUBLIC_URL),
    logsOneIn: logsOneInOf(raw.DOME_LOG ?? "requests"),
    version: raw.DOME_VERSION ?? "unknown",
    ledgerCapacity: ledgerCapacityOf(raw.DOME_LEDGER_CAPACITY),
    egressAllowed: egressAllowedOf(raw.DOME_EGRESS_ALLOW ?? ""),
    testIssuer: testIssuerOf(raw),
    networks: networksOf(raw),
    corsOrigins: (raw.DOME_CORS_ORIGINS ?? "").split(/[\s,]+/).filter((origin) => origin !== ""),
  };
}

function rateCountersOf(raw: RawEnv, clock: Clock): RateCounters {
  const limits = raw.DOME_RATE_LIMITS;
  const counter = (name: RateName): RateCounter | undefined =>
    limits === undefined ? raw[name] : new IsolateCounter(limits[name], clock);
  return {
    refused: counter("RATE_REFUSED"),
    classes: { low: counter("RATE_LOW"), normal: counter("RATE_NORMAL"), high: counter("RATE_HIGH") },
    agents: counter("RATE_AGENT"),
    workspaces: counter("RATE_WORKSPACE"),
    operators: counter("RATE_OPERATOR"),
  };
}

/** Less than a megabyte would be full before the first record. */
function ledgerCapacityOf(text: string | undefined): number {
  if (text === undefined || text === "") return DEFAULT_CAPACITY_BYTES;
  const bytes = /^[1-9]\d{0,14}$/.test(text) ? Number(text) : 0;
  if (bytes < 1_000_000) throw new Error("DOME_LEDGER_CAPACITY must be a number of bytes, at least 1000000");
  return bytes;
}

function auditOf(raw: RawEnv): Env["audit"] {
  if (raw.DOME_AUDIT_SINK === "outbox") return { mode: "outbox" };
  if (raw.DOME_AUDIT_SINK !== "queue") throw new Error("DOME_AUDIT_SINK must be queue or outbox");
  if (raw.AUDIT_QUEUE === undefined)
    throw new Error("DOME_AUDIT_SINK is queue, and the queue binding is missing");
  return { mode: "queue", queue: raw.AUDIT_QUEUE };
}

/** `requests`: log all requests; `errors`: none; `1/N`: one in N. */
function logsOneInOf(text: string): number | null {
  if (text === "errors") return null;
  const oneIn = text === "requests" ? 1 : Number(/^1\/([1-9]\d{0,3})$/.exec(text)?.[1]);
  if (Number.isNaN(oneIn))
    throw new Error("DOME_LOG must be requests, errors, or a share of them such as 1/100");
  return oneIn;
}

function publicUrlOf(text: string | undefined): string {
  if (text === undefined || !URL.canParse(text))
    throw new Error("DOME_PUBLIC_URL must be a URL such as https://dome.example.com");
  const url = new URL(text);
  const bare = url.pathname === "/" && url.search === "" && url.hash === "";
  if (!bare || !["http:", "https:"].includes(url.protocol)) {
    throw new Error("DOME_PUBLIC_URL must be http(s)://host[:port], without a path");
  }
  return url.origin;
}

function egressAllowedOf(text: string): ReadonlySet<string> {
  const origins = parseOrigins(text);
  if (!origins.ok)
    throw new Error("DOME_EGRESS_ALLOW must be origins such as http://127.0.0.1:9000, separated by commas");
  return new Set(origins.value);
}

/** Only the embedded server offers test users, and only where no other machine can reach it. */
function testIssuerOf(raw: RawEnv): string | null {
  const issuer = raw.DOME_TEST_ISSUER || null;
  if (issuer === null || (isEmbedded(raw) && isTestIssuer(issuer))) return issuer;
  throw new Error("DOME_TEST_ISSUER is only for the server of `npm start -- --test-users`");
}

/** Without these networks the embedded server could reach inside addresses. */
function networksOf(raw: RawEnv): Env["networks"] {
  const { EGRESS_PUBLIC: onlyPublic, EGRESS_LISTED: listed } = raw;
  if (onlyPublic !== undefined && listed !== undefined) return { public: onlyPublic, listed };
  if (isEmbedded(raw)) throw new Error("the bindings EGRESS_PUBLIC and EGRESS_LISTED are missing");
  return null;
}
