/** Tools that answer by themselves: each kind of content, a failure, notifications on the way, a schema with everything. */
import { fromJsonSchema, type McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import SCHEMA_2020_12 from "./schema-2020-12.json" with { type: "json" };

/** One red pixel, and a sound of no length. */
export const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const SILENCE = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

const text = (words: string) => ({ type: "text" as const, text: words });
/** A text that is repeated in the header `Mcp-Param-<name>`; a word that the SDK's type of a schema does not know. */
const inHeader = (name: string) => Object.assign({ type: "string" as const }, { "x-mcp-header": name });
const image = { type: "image" as const, data: PIXEL, mimeType: "image/png" };

/** What the server can tell whoever listens to its lists. */
export interface ListNews {
  toolsChanged(): void;
  promptsChanged(): void;
}

export function registerPlainTools(server: McpServer, news: ListNews): void {
  server.registerTool("test_simple_text", { description: "Answers with one text" }, () => ({
    content: [text("This is a simple text response for testing.")],
  }));
  server.registerTool("test_image_content", { description: "Answers with an image" }, () => ({
    content: [image],
  }));
  server.registerTool("test_audio_content", { description: "Answers with a sound" }, () => ({
    content: [{ type: "audio", data: SILENCE, mimeType: "audio/wav" }],
  }));
  server.registerTool("test_embedded_resource", { description: "Answers with a resource" }, () => ({
    content: [resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")],
  }));
  server.registerTool("test_multiple_content_types", { description: "Answers with three contents" }, () => ({
    content: [
      text("Multiple content types test:"),
      image,
      resource("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ],
  }));
  server.registerTool("test_error_handling", { description: "Fails" }, () => {
    throw new Error("This tool intentionally returns an error for testing");
  });
  registerTalkingTools(server);
  registerListNews(server, news);
  registerSchemaTools(server);
}

const resource = (uri: string, mimeType: string, content: string) => ({
  type: "resource" as const,
  resource: { uri, mimeType, text: content },
});

/** Tools that say something before they answer. */
function registerTalkingTools(server: McpServer): void {
  const nothing = z.object({});
  server.registerTool(
    "test_tool_with_logging",
    { description: "Logs three times", inputSchema: nothing },
    async (_none, { mcpReq }) => {
      for (const data of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
        await mcpReq.notify({ method: "notifications/message", params: { level: "info", data } });
      }
      return { content: [text("Tool with logging executed successfully")] };
    },
  );
  server.registerTool(
    "test_tool_with_progress",
    { description: "Reports progress three times to whoever asked for it", inputSchema: nothing },
    async (_none, { mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken;
      if (progressToken !== undefined) {
        for (const progress of [0, 50, 100]) {
          const params = { progressToken, progress, total: 100, message: `Step ${progress} of 100` };
          await mcpReq.notify({ method: "notifications/progress", params });
        }
      }
      return { content: [text(String(progressToken ?? "nobody asked"))] };
    },
  );
  server.registerTool(
    "test_logging_tool",
    { description: "Logs once to whoever asked for it", inputSchema: nothing },
    async (_none, { mcpReq }) => {
      // oxlint-disable-next-line typescript/no-deprecated -- deprecated by the revision, and served by it for a year
      await mcpReq.log("info", "test_logging_tool ran");
      return { content: [text("logged")] };
    },
  );
  server.registerTool(
    "test_streaming_elicitation",
    { description: "Answers without asking anything", inputSchema: nothing },
    () => ({ content: [text("nothing was asked")] }),
  );
  server.registerTool(
    "test_reconnection",
    { description: "Ends its stream before it answers; the answer waits for the next", inputSchema: nothing },
    (_none, { http }) => {
      http?.closeSSE?.();
      return { content: [text("Reconnection test completed successfully.")] };
    },
  );
}

function registerListNews(server: McpServer, news: ListNews): void {
  const nothing = z.object({});
  server.registerTool(
    "test_trigger_tool_change",
    { description: "Says that the list of tools changed", inputSchema: nothing },
    () => {
      news.toolsChanged();
      return { content: [text("said")] };
    },
  );
  server.registerTool(
    "test_trigger_prompt_change",
    { description: "Says that the list of prompts changed", inputSchema: nothing },
    () => {
      news.promptsChanged();
      return { content: [text("said")] };
    },
  );
}

/** Tools whose schemas must reach the client as they are written here. */
function registerSchemaTools(server: McpServer): void {
  server.registerTool(
    "test_x_mcp_header",
    {
      description: "Takes one argument that is repeated in a header",
      inputSchema: fromJsonSchema<{ region?: string }>({
        type: "object",
        properties: { region: inHeader("Region"), level: { type: "integer" } },
      }),
    },
    ({ region }) => ({ content: [text(`region=${region ?? "none"}`)] }),
  );
  server.registerTool(
    "json_schema_2020_12_tool",
    {
      description: "Has the words of JSON Schema 2020-12",
      inputSchema: fromJsonSchema(SCHEMA_2020_12),
    },
    (given) => ({ content: [text(`called with ${JSON.stringify(given)}`)] }),
  );
}
