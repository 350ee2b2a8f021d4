/** What the MCP doors need for clients of the legacy era. */
import type { CallsInFlight } from "../../gateway/mcp/calls-in-flight.ts";
import type { SessionPorts } from "../../gateway/mcp/serve-session.ts";
import type { BoundedMap } from "../../kernel/bounded-map.ts";
import type { LogLevel } from "../../mcp/log-level.ts";

export type LegacyPorts = SessionPorts & {
  /** By digest of a session's id. Of this isolate: another one forgets the level, and sends no messages. */
  readonly levels: BoundedMap<string, LogLevel>;
  /** By digest of a session's id. Of this isolate: in another one the server refuses what it has ended. */
  readonly ended: BoundedMap<string, true>;
  /** Which servers have forgotten what a session at the door of all holds (`HeldSessions`). Of this isolate. */
  readonly lost: BoundedMap<string, true>;
  readonly flights: CallsInFlight;
};
