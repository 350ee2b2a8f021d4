/**
 * Tools and a prompt of the modern era: what they need they say in a result of the type `input_required`, and the client
 * calls again with the answers. The state between two calls travels through the client, sealed.
 */
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  type CallToolResult,
  type ElicitRequestFormParams,
  type InputRequests,
  type InputRequiredResult,
  type McpServer,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";

type Answer = CallToolResult | InputRequiredResult;
type Asking = (context: ServerContext) => Answer | Promise<Answer>;

/** One key for the process: each modern request is served by a new server. */
export const requestState = createRequestStateCodec<Record<string, unknown>>({
  key: crypto.getRandomValues(new Uint8Array(32)),
});

export function registerInputRequired(server: McpServer): void {
  for (const [name, asking] of Object.entries(TOOLS)) {
    server.registerTool(
      name,
      { description: `Asks within its results (${name.replaceAll("_", " ")})`, inputSchema: z.object({}) },
      (_none, context) => asking(context),
    );
  }
  server.registerPrompt(
    "test_input_required_result_prompt",
    { title: "Prompt that asks", description: "Asks for its context first", argsSchema: z.object({}) },
    (_none, { mcpReq }) => {
      const context = acceptedContent(mcpReq.inputResponses, "user_context")?.["context"];
      if (typeof context !== "string") {
        return ask({
          user_context: form("What context should the prompt use?", { context: { type: "string" } }),
        });
      }
      const content = { type: "text" as const, text: `Use the following context: ${context}` };
      return { messages: [{ role: "user" as const, content }] };
    },
  );
}

const TOOLS: Readonly<Record<string, Asking>> = {
  test_missing_capability: ({ mcpReq }) =>
    mcpReq.inputResponses?.["llm_answer"] === undefined
      ? ask({ llm_answer: sample("Reply with the single word: pong") })
      : said("sampling round-trip complete"),

  test_input_required_result_elicitation: ({ mcpReq }) => {
    const name = acceptedContent(mcpReq.inputResponses, "user_name")?.["name"];
    return typeof name === "string" ? said(`Hello, ${name}!`) : ask({ user_name: NAME });
  },

  test_input_required_result_sampling: ({ mcpReq }) => {
    const answer = mcpReq.inputResponses?.["capital_question"];
    return answer === undefined
      ? ask({ capital_question: sample("What is the capital of France?") })
      : said(`Sampling response: ${sampled(answer) ?? JSON.stringify(answer)}`);
  },

  test_input_required_result_list_roots: ({ mcpReq }) => {
    const roots = rootsIn(mcpReq.inputResponses?.["client_roots"]);
    return roots === undefined
      ? ask({ client_roots: inputRequired.listRoots() })
      : said(`Client exposed ${roots.length} root(s): ${JSON.stringify(roots)}`);
  },

  test_input_required_result_request_state: ({ mcpReq }) => {
    const confirmed = acceptedContent(mcpReq.inputResponses, "confirm") !== undefined;
    return confirmed && mcpReq.requestState() !== undefined
      ? said("state-ok: requestState verified and confirmation received")
      : ask({ confirm: CONFIRM }, { tool: "request_state" });
  },

  test_input_required_result_multiple_inputs: ({ mcpReq }) => {
    const given = mcpReq.inputResponses;
    const name = acceptedContent(given, "user_name")?.["name"];
    const greeting = sampled(given?.["greeting"]);
    const roots = rootsIn(given?.["client_roots"]);
    if (typeof name === "string" && greeting !== undefined && roots !== undefined) {
      return said(`${greeting} ${name}: ${roots.length} root(s)`);
    }
    const asked = { user_name: NAME, greeting: sample("Greet"), client_roots: inputRequired.listRoots() };
    return ask(asked, { tool: "multiple_inputs" });
  },

  test_input_required_result_multi_round: ({ mcpReq }) => {
    const state = mcpReq.requestState<Record<string, unknown>>();
    if (state?.["round"] === 1) {
      const name = acceptedContent(mcpReq.inputResponses, "step1")?.["name"];
      return ask(
        { step2: form("What is your favorite color?", { color: { type: "string" } }) },
        { round: 2, name },
      );
    }
    if (state?.["round"] === 2) {
      const color = acceptedContent(mcpReq.inputResponses, "step2")?.["color"];
      return said(`Multi-round complete: ${String(state["name"])} likes ${String(color)}`);
    }
    return ask({ step1: NAME }, { round: 1 });
  },

  test_input_required_result_tampered_state: ({ mcpReq }) => {
    const confirmed = acceptedContent(mcpReq.inputResponses, "confirm") !== undefined;
    return confirmed && mcpReq.requestState() !== undefined
      ? said("integrity-ok: requestState verified")
      : ask({ confirm: CONFIRM }, { tool: "tampered_state" });
  },

  test_input_required_result_capabilities: ({ mcpReq }) => {
    if (mcpReq.inputResponses !== undefined) return said("every kind was answered");
    const declared = Object.keys(Declared.parse(mcpReq.envelope)[CLIENT_CAPABILITIES_META_KEY]);
    const asked: InputRequests = {
      ...(declared.includes("elicitation") ? { user_name: NAME } : {}),
      ...(declared.includes("sampling") ? { greeting: sample("Greet") } : {}),
      ...(declared.includes("roots") ? { client_roots: inputRequired.listRoots() } : {}),
    };
    return Object.keys(asked).length === 0 ? said("this client can be asked nothing") : ask(asked);
  },
};

const form = (message: string, members: ElicitRequestFormParams["requestedSchema"]["properties"]) =>
  inputRequired.elicit({
    message,
    requestedSchema: {
      type: "object",
      properties: members,
      required: Object.keys(members),
    },
  });

const NAME = form("What is your name?", { name: { type: "string" } });
const CONFIRM = form("Please confirm", { ok: { type: "boolean" } });

const sample = (words: string) =>
  inputRequired.createMessage({
    messages: [{ role: "user", content: { type: "text", text: words } }],
    maxTokens: 100,
  });

/** @param state sealed with a nonce, so that no two are equal. */
async function ask(
  inputRequests: InputRequests,
  state?: Readonly<Record<string, unknown>>,
): Promise<InputRequiredResult> {
  if (state === undefined) return inputRequired({ inputRequests });
  const minted = await requestState.mint({ ...state, nonce: crypto.randomUUID() });
  return inputRequired({ inputRequests, requestState: minted });
}

const said = (text: string): CallToolResult => ({ content: [{ type: "text", text }] });

const Sampled = z.looseObject({ content: z.looseObject({ text: z.string() }) });
const sampled = (answer: unknown): string | undefined => Sampled.safeParse(answer).data?.content.text;
const Declared = z.looseObject({ [CLIENT_CAPABILITIES_META_KEY]: z.looseObject({}) });
const Roots = z.looseObject({ roots: z.array(z.unknown()) });
const rootsIn = (answer: unknown): unknown[] | undefined => Roots.safeParse(answer).data?.roots;
