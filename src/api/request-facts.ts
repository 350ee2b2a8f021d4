import { redactStart } from "../kernel/redact.ts";
import type { RouteInput } from "./route.ts";

/** What is kept of a User-Agent, in characters: the rest is not even looked at. */
const MOST_USER_AGENT = 512;
const ADDRESS = /^[0-9A-Fa-f.:]{2,45}$/;

/**
 * What a request says about itself. The address is the platform's word: Cloudflare's edge, which names itself in
 * `cf.colo`, overwrites the header. Where there is no edge, a client could say what it likes, so that nothing counts but
 * the header that the operator has named, because a proxy writes it.
 */
export function requestFacts(http: Request, clientIpHeader: string | null): RouteInput["facts"] {
  const { colo, country } = (http as { cf?: { colo?: unknown; country?: unknown } }).cf ?? {};
  const ip = typeof colo === "string" ? http.headers.get("cf-connecting-ip") : toldBy(http, clientIpHeader);
  const agent = http.headers.get("user-agent");
  return {
    method: http.method,
    ...(ip === null || !ADDRESS.test(ip) ? {} : { ip }),
    ...(typeof country === "string" ? { country: country.slice(0, 8) } : {}),
    ...(agent === null || agent === "" ? {} : { user_agent: redactStart(agent, MOST_USER_AGENT) }),
  };
}

/** What stands before the last address of a list was there when the request reached the proxy: a client's own word. */
function toldBy(http: Request, header: string | null): string | null {
  const value = header === null ? null : http.headers.get(header);
  return value === null ? null : value.slice(value.lastIndexOf(",") + 1).trim();
}
