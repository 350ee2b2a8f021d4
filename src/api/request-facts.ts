import { redactStart } from "../kernel/redact.ts";
import type { RouteInput } from "./route.ts";

/** What is kept of a User-Agent, in characters: the rest is not even looked at. */
const MOST_USER_AGENT = 512;
const ADDRESS = /^[0-9A-Fa-f.:]{2,45}$/;

/**
 * What a request says about itself. The address is the platform's word: Cloudflare's edge, which names itself in
 * `cf.colo`, overwrites the header; where there is no edge nobody does, and a client could say what it likes.
 */
export function requestFacts(http: Request): RouteInput["facts"] {
  const { colo, country } = (http as { cf?: { colo?: unknown; country?: unknown } }).cf ?? {};
  const ip = typeof colo === "string" ? http.headers.get("cf-connecting-ip") : null;
  const agent = http.headers.get("user-agent");
  return {
    method: http.method,
    ...(ip === null || !ADDRESS.test(ip) ? {} : { ip }),
    ...(typeof country === "string" ? { country: country.slice(0, 8) } : {}),
    ...(agent === null || agent === "" ? {} : { user_agent: redactStart(agent, MOST_USER_AGENT) }),
  };
}
