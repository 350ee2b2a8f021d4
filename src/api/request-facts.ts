import { redact } from "../kernel/log.ts";
import type { Exchange } from "./route.ts";

const ADDRESS = /^[0-9A-Fa-f.:]{2,45}$/;

/** What a request says about itself. The address is the platform's word, not a header that a client may set. */
export function requestFacts(http: Request): Exchange["facts"] {
  const ip = http.headers.get("cf-connecting-ip");
  const agent = http.headers.get("user-agent");
  const country = (http as { cf?: { country?: unknown } }).cf?.country;
  return {
    method: http.method,
    ...(ip === null || !ADDRESS.test(ip) ? {} : { ip }),
    ...(typeof country === "string" ? { country: country.slice(0, 8) } : {}),
    ...(agent === null || agent === "" ? {} : { user_agent: redact(agent).slice(0, 512) }),
  };
}
