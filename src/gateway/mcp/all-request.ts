/** A request at the door of all servers, and what that door needs. */
import type { Separator } from "../../mcp/prefixed-name.ts";
import type { ClientRequest } from "./client-request.ts";
import type { McpPorts } from "./door-view.ts";
import type { CursorPorts } from "./sealed-cursor.ts";

export type AggregatePorts = McpPorts & CursorPorts;

export interface AllRequest extends Omit<ClientRequest, "tool"> {
  /** Between the name of a tool and that of an operation, in lists. */
  readonly separator: Separator;
}
