/** What an isolate keeps of the servers behind tools: plain data, with a bound each. */
import { BoundedMap } from "../../kernel/bounded-map.ts";
import type { TokenBook } from "../credential/held-tokens.ts";
import { CallsInFlight } from "../mcp/calls-in-flight.ts";
import { CallBook } from "./call-book.ts";
import type { CircuitPorts } from "./guarded-egress.ts";

export interface ServerBooks extends Pick<CircuitPorts, "circuits"> {
  /** Tokens for servers: of Dome itself, and of users. */
  readonly tokens: TokenBook;
  /** Calls that run. */
  readonly calls: CallBook;
  /** The same calls by the agent that makes them. */
  readonly agentCalls: CallBook;
  /** Requests of legacy MCP clients that are being answered. */
  readonly flights: CallsInFlight;
}

export const newServerBooks = (): ServerBooks => ({
  tokens: new BoundedMap(5_000),
  circuits: new BoundedMap(1_000),
  calls: new CallBook(1_000),
  agentCalls: new CallBook(10_000),
  flights: new CallsInFlight(10_000),
});
