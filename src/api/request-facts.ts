import { defined } from "../kernel/defined.ts";
import { redactStart } from "../kernel/redact.ts";
import type { RouteInput } from "./route.ts";

/** The part of a User-Agent that is read and kept, in characters. */
const MOST_USER_AGENT = 512;
const ADDRESS = /^[0-9A-Fa-f.:]{2,45}$/;

/**
 * The facts about a request for its audit record. On the platform, Cloudflare's edge, which also sets `cf.colo`,
 * overwrites the header with the address. Without an edge a client could write any address, so only the header counts
 * that the operator has named, because a proxy writes it.
 */
export function requestFacts(http: Request, clientIpHeader: string | null): RouteInput["facts"] {
  const { colo, country } = (http as { cf?: { colo?: unknown; country?: unknown } }).cf ?? {};
  const ip = typeof colo === "string" ? http.headers.get("cf-connecting-ip") : toldBy(http, clientIpHeader);
  const agent = http.headers.get("user-agent");
  return {
    method: http.method,
    ...defined({
      ip: ip === null || !ADDRESS.test(ip) ? undefined : ip,
      country: typeof country === "string" ? country.slice(0, 8) : undefined,
      user_agent: agent === null || agent === "" ? undefined : redactStart(agent, MOST_USER_AGENT),
    }),
  };
}

/**
 * The last address of the list. Earlier ones were there when the request reached the proxy, so the client may have
 * written them.
 */
function toldBy(http: Request, header: string | null): string | null {
  const value = header === null ? null : http.headers.get(header);
  return value === null ? null : value.slice(value.lastIndexOf(",") + 1).trim();
}
