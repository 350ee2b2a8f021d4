import type { Exchange } from "./route.ts";

/** What a request says about itself. The address is the platform's word, not a header that a client may set. */
export function requestFacts(http: Request): Exchange["facts"] {
  const ip = http.headers.get("cf-connecting-ip");
  const agent = http.headers.get("user-agent");
  const country = (http as { cf?: { country?: unknown } }).cf?.country;
  return {
    method: http.method,
    ...(ip === null ? {} : { ip: ip.slice(0, 64) }),
    ...(typeof country === "string" ? { country: country.slice(0, 8) } : {}),
    ...(agent === null || agent === "" ? {} : { user_agent: agent.slice(0, 512) }),
  };
}
