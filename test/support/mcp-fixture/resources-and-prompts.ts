/** Resources, a template of them, prompts, and what a client may ask about them. */
import { ResourceTemplate, type McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { PIXEL } from "./plain-tools.ts";

export function registerResources(server: McpServer): void {
  const text = { mimeType: "text/plain" };
  server.registerResource("static-text", "test://static-text", text, ({ href }) => ({
    contents: [{ uri: href, ...text, text: "This is the content of the static text resource." }],
  }));
  const png = { mimeType: "image/png" };
  server.registerResource("static-binary", "test://static-binary", png, ({ href }) => ({
    contents: [{ uri: href, ...png, blob: PIXEL }],
  }));
  server.registerResource("watched-resource", "test://watched-resource", text, ({ href }) => ({
    contents: [{ uri: href, ...text, text: "Watched resource content" }],
  }));
  const template = new ResourceTemplate("test://template/{id}/data", { list: undefined });
  const json = { mimeType: "application/json" };
  server.registerResource("template", template, json, ({ href }, { id }) => ({
    contents: [
      {
        uri: href,
        ...json,
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
      },
    ],
  }));
  server.server.setRequestHandler("resources/subscribe", () => ({}));
  server.server.setRequestHandler("resources/unsubscribe", () => ({}));
}

export function registerPrompts(server: McpServer): void {
  server.registerPrompt("test_simple_prompt", { description: "Takes nothing" }, () => ({
    messages: [says("This is a simple prompt for testing.")],
  }));
  server.registerPrompt(
    "test_prompt_with_arguments",
    { description: "Takes two texts", argsSchema: z.object({ arg1: z.string(), arg2: z.string() }) },
    ({ arg1, arg2 }) => ({ messages: [says(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)] }),
  );
  server.registerPrompt(
    "test_prompt_with_embedded_resource",
    { description: "Holds a resource", argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) => {
      const resource = { uri: resourceUri, mimeType: "text/plain", text: "Embedded resource content." };
      return {
        messages: [
          { role: "user", content: { type: "resource", resource } },
          says("Please process the embedded resource above."),
        ],
      };
    },
  );
  server.registerPrompt("test_prompt_with_image", { description: "Holds an image" }, () => ({
    messages: [
      { role: "user", content: { type: "image", data: PIXEL, mimeType: "image/png" } },
      says("Please analyze the image above."),
    ],
  }));
  server.server.setRequestHandler("logging/setLevel", () => ({}));
  server.server.setRequestHandler("completion/complete", () => ({
    completion: { values: [], total: 0, hasMore: false },
  }));
}

const says = (text: string) => ({ role: "user" as const, content: { type: "text" as const, text } });
