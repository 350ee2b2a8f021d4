/** Why an MCP server has not answered, in the words of an outcome. */
import type { NotSent } from "../credential/send.ts";
import { reasonOf } from "../early-end.ts";
import { faultOfStatus } from "../upstream/status.ts";
import type { NoAnswer } from "../who-failed.ts";
import type { McpUpstreamFault } from "./own-exchange.ts";

/**
 * @param isOwn the session with the server is the client's own, so that it can begin another.
 * @param signal of the act: it says whether an aborted call had taken too long.
 */
export function whyNot(fault: McpUpstreamFault | NotSent, isOwn: boolean, signal: AbortSignal): NoAnswer {
  switch (fault.kind) {
    case "session_over":
      return isOwn ? "session_over" : "upstream_session_lost";
    case "redirected":
      return "upstream_redirect";
    case "credential_refused":
      return "upstream_refused";
    case "status":
      return faultOfStatus(fault.status);
    case "malformed":
    case "refused":
    case "endless":
      return "upstream_failed";
    default:
      return reasonOf(fault.kind, signal);
  }
}
