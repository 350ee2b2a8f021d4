/** What the parts of an MCP door share: their ports, and the door as it stands for a caller. */
import type { Caller } from "../../access/caller.ts";
import type { ConfigurationReader } from "../../access/configuration.ts";
import type { Catalog, CatalogTool } from "../../registry/catalog.ts";
import type { ToolCallPorts } from "../call-tool.ts";
import type { SendPorts } from "../credential/send.ts";
import type { McpUpstreamPorts } from "../mcp-upstream.ts";

export interface McpPorts extends ToolCallPorts, SendPorts, McpUpstreamPorts {
  readonly configuration: Pick<ConfigurationReader, "catalog" | "providers" | "definitions">;
}

export interface DoorView {
  readonly caller: Caller;
  readonly catalog: Catalog;
  /** The version of the catalog. */
  readonly configEpoch: number;
  /** The entry of the door, which the caller may know of. */
  readonly tool: CatalogTool;
}
