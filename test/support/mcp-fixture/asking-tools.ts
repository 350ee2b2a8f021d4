/** Tools of the legacy era: they ask the client for something while it waits for their answer. */
import type {
  CallToolResult,
  ElicitRequestFormParams,
  McpServer,
  ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";

export function registerAskingTools(server: McpServer): void {
  server.registerTool(
    "test_sampling",
    { description: "Asks the client's model", inputSchema: z.object({ prompt: z.string() }) },
    async ({ prompt }, { mcpReq }) => {
      const answer = await mcpReq.send({
        method: "sampling/createMessage",
        params: { messages: [{ role: "user", content: { type: "text", text: prompt } }], maxTokens: 100 },
      });
      const [content] = [answer.content].flat();
      return said(`LLM response: ${content?.type === "text" ? content.text : "none"}`);
    },
  );
  server.registerTool(
    "test_elicitation",
    { description: "Asks the user", inputSchema: z.object({ message: z.string() }) },
    ({ message }, context) =>
      elicit(context, "User response", message, { response: { type: "string" } }, ["response"]),
  );
  server.registerTool(
    "test_elicitation_sep1034_defaults",
    { description: "Asks the user, with a default of each type", inputSchema: z.object({}) },
    (_none, context) =>
      elicit(context, "Elicitation completed", "Please review these", {
        name: { type: "string", default: "John Doe" },
        age: { type: "integer", default: 30 },
        score: { type: "number", default: 95.5 },
        status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
        verified: { type: "boolean", default: true },
      }),
  );
  server.registerTool(
    "test_elicitation_sep1330_enums",
    { description: "Asks the user to choose, in each form of a choice", inputSchema: z.object({}) },
    (_none, context) =>
      elicit(context, "Elicitation completed", "Please choose", {
        untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
        titledSingle: { type: "string", oneOf: TITLED },
        legacyEnum: {
          type: "string",
          enum: ["opt1", "opt2", "opt3"],
          enumNames: ["Option One", "Option Two", "Option Three"],
        },
        untitledMulti: {
          type: "array",
          minItems: 1,
          maxItems: 3,
          items: { type: "string", enum: ["option1", "option2", "option3"] },
        },
        titledMulti: { type: "array", minItems: 1, maxItems: 3, items: { anyOf: TITLED } },
      }),
  );
}

const TITLED = [
  { const: "value1", title: "First" },
  { const: "value2", title: "Second" },
  { const: "value3", title: "Third" },
];

async function elicit(
  { mcpReq }: ServerContext,
  done: string,
  message: string,
  properties: ElicitRequestFormParams["requestedSchema"]["properties"],
  required: string[] = [],
): Promise<CallToolResult> {
  const { action, content } = await mcpReq.send({
    method: "elicitation/create",
    params: { message, requestedSchema: { type: "object", properties, required } },
  });
  return said(`${done}: action=${action}, content=${JSON.stringify(content ?? {})}`);
}

const said = (text: string): CallToolResult => ({ content: [{ type: "text", text }] });
