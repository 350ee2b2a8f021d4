/**
 * DELETE at the door of all servers (2025-11-25, "Session Management"): each session that the client's id holds ends at
 * its server. Each is a call with the operation `MCP /session/end`.
 */
import type { Caller } from "../../access/caller.ts";
import type { RequestFacts } from "../../access/judge.ts";
import type { Unserved } from "../../access/release.ts";
import { ok, type Result } from "../../kernel/result.ts";
import { askServers } from "./ask-servers.ts";
import type { McpPorts } from "./door-view.ts";
import type { HeldSessions } from "./sessions/held-sessions.ts";
import { endServerSession } from "./tell-server.ts";

/** The longest wait for all servers, in milliseconds. What is not ended then ends at its server when it is idle. */
const END_MS = 5_000;

interface Ending {
  readonly held: HeldSessions;
  /** Of the HTTP request. */
  readonly headers: Headers;
  readonly request: RequestFacts;
  readonly gone: AbortSignal;
}

export async function endSessionWithAll(
  ports: McpPorts,
  caller: Caller,
  { held, headers, request, gone }: Ending,
): Promise<Result<void, Unserved>> {
  const ended = await askServers(ports.timers, held.all, {
    ms: END_MS,
    gone,
    ask: async ({ tool, session }) => {
      const told = await endServerSession(ports, caller, { tool, session, headers, request });
      return told.ok ? ok(null) : told;
    },
    late: () => null,
  });
  return ended.ok ? ok(undefined) : ended;
}
