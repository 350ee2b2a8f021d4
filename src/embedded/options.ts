/**
 * The options of the server: flags, and environment variables with the same meaning. Flags win. This file reads and
 * writes nothing else.
 */
import { isIP } from "node:net";
import { resolve, sep } from "node:path";
import { parseArgs } from "node:util";
import { parseOrigins } from "../kernel/origins.ts";
import { ok, type Result } from "../kernel/result.ts";
import { misuse, refuse, type Refusal } from "./refusal.ts";

export interface ServerOptions {
  readonly port: number;
  readonly host: string;
  /** Absolute path. */
  readonly stateDir: string;
  /** An origin without a trailing slash; null when none was given: then the issuer of the first start stays. */
  readonly publicUrl: string | null;
  /** Origins that may call from a browser, comma-separated, as DOME_CORS_ORIGINS; empty for none. */
  readonly corsOrigins: string;
  /** Origins that the Worker may call although they are not https at a public name and port 443, as DOME_EGRESS_ALLOW. */
  readonly egressAllow: string;
  /**
   * The header, in lower case, in which the proxy in front of the server reports the client's address; empty for none.
   */
  readonly clientIpHeader: string;
  /** Whether to offer test users; see test-users.ts. */
  readonly testUsers: boolean;
}

export type Request =
  { readonly kind: "run"; readonly options: ServerOptions } | { readonly kind: "help" | "version" };

export const HELP = `Usage: npm start -- [options]

Runs Dome on this machine: registry, leases, audit trail, all on the local disk.

  --port N          port to listen on (PORT; 8787)
  --host ADDRESS    address to listen on (127.0.0.1)
  --state FOLDER    where everything is kept (DOME_STATE_DIR; .dome)
  --public-url URL  issuer of all tokens, fixed at the first start (DOME_PUBLIC_URL; http://127.0.0.1:<port>)
  --egress-allow ORIGINS  what may be called without https, a public name or port 443 (DOME_EGRESS_ALLOW; none)
  --client-ip-header NAME  header in which the proxy in front says who called it (DOME_CLIENT_IP_HEADER; none)
  --test-users      offer made-up users, on the port after --port; only for this machine
  --insecure-http   listen on an address other than loopback without an https:// public URL
  --version         print the version
  --help            print this

DOME_CORS_ORIGINS names the origins that may use call tokens from a browser, comma-separated.
`;

const FLAGS = {
  port: { type: "string" },
  host: { type: "string" },
  state: { type: "string" },
  "public-url": { type: "string" },
  "egress-allow": { type: "string" },
  "client-ip-header": { type: "string" },
  "test-users": { type: "boolean" },
  "insecure-http": { type: "boolean" },
  version: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/**
 * @param args the command line without the program.
 * @param env only PORT, DOME_STATE_DIR, DOME_PUBLIC_URL, DOME_EGRESS_ALLOW, DOME_CLIENT_IP_HEADER and DOME_CORS_ORIGINS
 * are read; an empty one counts as not set.
 */
export function readRequest(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Result<Request, Refusal> {
  const flags = readFlags(args);
  if (!flags.ok) return flags;
  const given = flags.value;
  if (given.help === true) return ok({ kind: "help" });
  if (given.version === true) return ok({ kind: "version" });

  const port = readPort(given.port ?? (env["PORT"] || "8787"), given.port === undefined ? "PORT" : "--port");
  if (!port.ok) return port;
  const host = readHost(given.host ?? "127.0.0.1");
  if (!host.ok) return host;
  const stateName = given.state === undefined ? "DOME_STATE_DIR" : "--state";
  const stateDir = readFolder(given.state ?? (env["DOME_STATE_DIR"] || ".dome"), stateName);
  if (!stateDir.ok) return stateDir;
  const urlName = given["public-url"] === undefined ? "DOME_PUBLIC_URL" : "--public-url";
  const publicUrl = readPublicUrl(given["public-url"] ?? (env["DOME_PUBLIC_URL"] || null), urlName);
  if (!publicUrl.ok) return publicUrl;

  const allowName = given["egress-allow"] === undefined ? "DOME_EGRESS_ALLOW" : "--egress-allow";
  const egressAllow = readOrigins(given["egress-allow"] ?? env["DOME_EGRESS_ALLOW"] ?? "", allowName);
  if (!egressAllow.ok) return egressAllow;

  const headerName = given["client-ip-header"] === undefined ? "DOME_CLIENT_IP_HEADER" : "--client-ip-header";
  const clientIpHeader = readHeaderName(
    given["client-ip-header"] ?? env["DOME_CLIENT_IP_HEADER"] ?? "",
    headerName,
  );
  if (!clientIpHeader.ok) return clientIpHeader;

  // Otherwise keys and tokens would cross the network unencrypted.
  const overTls = publicUrl.value?.startsWith("https://") ?? false;
  if (!isLoopback(host.value) && !overTls && given["insecure-http"] !== true) {
    return refuse(
      `--host ${host.value} is reachable from other machines: give --public-url https://… of the TLS proxy in front, or --insecure-http`,
    );
  }
  const testUsers = given["test-users"] === true;
  if (testUsers && port.value === 65_535)
    return misuse("--test-users needs the port after --port: choose --port 65534 or less");
  const forOthers = testUsers ? testUsersFault(host.value, publicUrl.value) : ok(undefined);
  if (!forOthers.ok) return forOthers;
  return ok({
    kind: "run",
    options: {
      port: port.value,
      host: host.value,
      stateDir: stateDir.value,
      publicUrl: publicUrl.value,
      corsOrigins: env["DOME_CORS_ORIGINS"] ?? "",
      egressAllow: egressAllow.value,
      clientIpHeader: clientIpHeader.value,
      testUsers,
    },
  });
}

/** Refuses test users on a server that others can reach: for them an ID token must mean that somebody signed in. */
export function testUsersFault(host: string, publicUrl: string | null): Result<void, Refusal> {
  const name = publicUrl === null ? host : new URL(publicUrl).hostname.replace(/^\[(.*)\]$/, "$1");
  if (isLoopback(host) && isLoopback(name)) return ok(undefined);
  return refuse(
    `--test-users is only for a server that only this machine can reach, and ${publicUrl ?? host} is not one: use a loopback --host and no --public-url`,
  );
}

/** True for an address that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** The URL at which this machine reaches the server. */
export function localUrl(host: string, port: number): string {
  const everywhere = host === "0.0.0.0" || host === "::";
  const name = everywhere ? "127.0.0.1" : host;
  return `http://${isIP(name) === 6 ? `[${name}]` : name}:${port}`;
}

function readFlags(args: readonly string[]) {
  try {
    return ok(parseArgs({ args: [...args], options: FLAGS, strict: true, allowPositionals: false }).values);
  } catch (error) {
    // Node's first sentence names the flag; the rest is advice for programmers.
    const sentence = error instanceof Error ? error.message.split(". ", 1)[0] : undefined;
    return misuse(sentence ?? "the command line cannot be read");
  }
}

function readPort(text: string, name: string): Result<number, Refusal> {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535
    ? ok(port)
    : misuse(`${name} must be a number from 1 to 65535, not "${text}"`);
}

function readHost(text: string): Result<string, Refusal> {
  const host = text.replace(/^\[(.*)\]$/, "$1");
  const name = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;
  return isIP(host) !== 0 || name.test(host)
    ? ok(host)
    : misuse(`--host must be an IP address or a host name, not "${text}"`);
}

/**
 * Refuses a backslash: the runtime reads it as a slash, and would keep the data in another folder than the locked one.
 */
function readFolder(text: string, name: string): Result<string, Refusal> {
  if (text === "") return misuse(`${name} is empty`);
  const path = resolve(text);
  return sep === "/" && path.includes("\\")
    ? misuse(`${name} must be a folder without a backslash in its path, not "${path}"`)
    : ok(path);
}

/** Checked here, because a Worker with a wrong origin refuses every request. */
function readOrigins(text: string, name: string): Result<string, Refusal> {
  const origins = parseOrigins(text);
  return origins.ok
    ? ok(origins.value.join(","))
    : misuse(
        `${name} must be origins such as http://127.0.0.1:9000, separated by commas, not "${origins.error}"`,
      );
}

/** RFC 9110 §5.1. Headers that the embedded door removes are refused, because a client could have written them. */
function readHeaderName(text: string, name: string): Result<string, Refusal> {
  const usable = text === "" || (/^[a-z0-9-]{1,64}$/i.test(text) && !/^(?:cf|mf)-/i.test(text));
  return usable
    ? ok(text.toLowerCase())
    : misuse(`${name} must be the name of a header, such as x-real-ip, not "${text}"`);
}

/** Only an origin: an issuer with a path would move the well-known documents (RFC 8414 §3.1). */
function readPublicUrl(text: string | null, name: string): Result<string | null, Refusal> {
  if (text === null) return ok(null);
  const url = URL.canParse(text) ? new URL(text) : null;
  const isOrigin = url !== null && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href;
  return isOrigin
    ? ok(url.origin)
    : misuse(
        `${name} must be an origin such as https://dome.example.com, without path or query, not "${text}"`,
      );
}
