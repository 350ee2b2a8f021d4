/** What comes to an MCP door of a known caller, whatever era its client speaks. */
import type { Caller } from "../../access/caller.ts";
import type { Unserved } from "../../access/release.ts";
import type { ClientAnswer, ClientRequest } from "../../gateway/mcp/client-request.ts";
import type { Result } from "../../kernel/result.ts";
import type { RpcRequest } from "../../mcp/message.ts";
import type { Era } from "../../mcp/revision.ts";
import type { About } from "../dialects/dialect.ts";
import { requestFacts } from "../request-facts.ts";
import type { Arrival } from "../route.ts";
import type { LegacyPorts } from "./ports.ts";

/** One MCP door. */
export interface McpDoor {
  /** Null: the door of all servers. */
  readonly tool: string | null;
  /** Serves a request at this door. */
  serve(request: Omit<ClientRequest, "tool">): Promise<Result<ClientAnswer, Unserved>>;
}

/** What the framing of both eras has found out. */
export interface DoorCall extends McpDoor {
  readonly ports: LegacyPorts;
  readonly caller: Caller;
  readonly http: Request;
  readonly about: About;
  readonly takesEvents: boolean;
  readonly request: ClientRequest["request"];
}

export const doorCall = (
  { services, http, requestId }: Arrival,
  caller: Caller,
  door: McpDoor,
  about: About,
  takesEvents = true,
): DoorCall => ({
  ...door,
  ports: services.mcp,
  caller,
  http,
  about,
  takesEvents,
  request: { requestId, request: requestFacts(http, services.clientIpHeader), headers: http.headers },
});

/** Its request, as far as a client of either era has one: outside of any session. */
export const requestOf = (
  { http, takesEvents, request }: DoorCall,
  era: Era,
  message: RpcRequest,
  text: string,
): Omit<ClientRequest, "tool"> => ({
  era,
  message,
  text,
  headers: http.headers,
  takesEvents,
  session: null,
  held: null,
  logLevel: null,
  request,
  gone: http.signal,
  cancellable: null,
});
