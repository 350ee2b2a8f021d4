/**
 * The official clients of MCP, in every mode, with a key of Dome in `Authorization` and nothing else. Each asks for one
 * thing of each kind, and says what it saw:
 *
 *     await MCP_CLIENTS["TypeScript v2, auto"](url, key)   // { version: "2026-07-28", text: "…", … }
 */
import {
  Client as ClientV2,
  StreamableHTTPClientTransport as TransportV2,
} from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport as TransportOfV1 } from "@modelcontextprotocol/sdk/shared/transport.js";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { PYTHON } from "./python.ts";
import { ROOT } from "./server.ts";

const Seen = z.object({
  /** The revision that the client and the door agreed on. */
  version: z.string(),
  tools: z.array(z.string()),
  text: z.string(),
  progress: z.array(z.number()),
  resource: z.string(),
  prompt: z.string(),
  /** The error of a tool that is not there. */
  unknown: z.number().nullable(),
});
export type Seen = z.output<typeof Seen>;

type Look = (url: string, key: string) => Promise<Seen>;

export const MCP_CLIENTS: Readonly<Record<string, Look>> = {
  "TypeScript v1": lookV1,
  "TypeScript v2, default": (url, key) => lookV2(url, key),
  "TypeScript v2, auto": (url, key) => lookV2(url, key, "auto"),
  "TypeScript v2, pinned": (url, key) => lookV2(url, key, { pin: "2026-07-28" }),
  "Python, auto": (url, key) => lookPython(url, key, "auto"),
  "Python, legacy": (url, key) => lookPython(url, key, "legacy"),
};

const INFO = { name: "stock", version: "1" };
const authorized = (key: string) => ({ requestInit: { headers: { authorization: `Bearer ${key}` } } });

/** What both versions of the TypeScript client have in common. */
interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>;
  readResource(params: { uri: string }): Promise<{ contents: unknown[] }>;
  getPrompt(params: { name: string }): Promise<{ messages: { content: unknown }[] }>;
}

interface Calls {
  call(name: string, heard?: (progress: { progress: number }) => void): Promise<unknown>;
  version(): string | undefined;
}

const textIn = (value: unknown): string => z.looseObject({ text: z.string() }).parse(value).text;
const contentOf = (result: unknown): unknown =>
  z.looseObject({ content: z.array(z.unknown()) }).parse(result).content[0];

async function look(client: AnyClient, { call, version }: Calls): Promise<Seen> {
  const progress: number[] = [];
  const tools = await client.listTools();
  const text = textIn(contentOf(await call("test_simple_text")));
  await call("test_tool_with_progress", (heard) => progress.push(heard.progress));
  const resource = await client.readResource({ uri: "test://static-text" });
  const prompt = await client.getPrompt({ name: "test_simple_prompt" });
  const unknown = await call("no_such_tool").then(
    () => null,
    (fault: unknown) => z.looseObject({ code: z.number() }).parse(fault).code,
  );
  return {
    version: version() ?? "",
    tools: tools.tools.map(({ name }) => name),
    text,
    progress,
    resource: textIn(resource.contents[0]),
    prompt: textIn(prompt.messages[0]?.content),
    unknown,
  };
}

async function lookV1(url: string, key: string): Promise<Seen> {
  const client = new ClientV1(INFO);
  const transport = new TransportV1(new URL(url), authorized(key));
  await client.connect(transport as TransportOfV1);
  try {
    return await look(client, {
      call: (name, heard) =>
        client.callTool({ name, arguments: {} }, undefined, heard === undefined ? {} : { onprogress: heard }),
      version: () => transport.protocolVersion,
    });
  } finally {
    await client.close();
  }
}

async function lookV2(url: string, key: string, mode?: "auto" | { pin: string }): Promise<Seen> {
  const client = new ClientV2(INFO, mode === undefined ? {} : { versionNegotiation: { mode } });
  const transport = new TransportV2(new URL(url), authorized(key));
  await client.connect(transport);
  try {
    return await look(client, {
      call: (name, heard) =>
        client.callTool({ name, arguments: {} }, heard === undefined ? {} : { onprogress: heard }),
      version: () => client.getNegotiatedProtocolVersion(),
    });
  } finally {
    await client.close();
  }
}

/** A connected client, with what it has reported beside the answers to its requests. */
interface StockClient {
  call(name: string, args: Record<string, unknown>): Promise<unknown>;
  listPrompts(): Promise<{ prompts: unknown[] }>;
  listResources(): Promise<{ resources: unknown[] }>;
  readonly reported: readonly string[];
  /** Ends its session, which a client of the modern era has none of. */
  end(): Promise<void>;
  close(): Promise<void>;
}

/** The official TypeScript clients, connected. */
export const STOCK_CLIENTS: Readonly<Record<string, (url: string, key: string) => Promise<StockClient>>> = {
  "TypeScript v1": async (url, key) => {
    const client = new ClientV1(INFO);
    const reported: string[] = [];
    Object.assign(client, { onerror: (fault: Error) => reported.push(fault.message) });
    const transport = new TransportV1(new URL(url), authorized(key));
    await client.connect(transport as TransportOfV1);
    return {
      call: (name, args) => client.callTool({ name, arguments: args }),
      listPrompts: () => client.listPrompts(),
      listResources: () => client.listResources(),
      reported,
      end: () => transport.terminateSession(),
      close: () => client.close(),
    };
  },
  "TypeScript v2, default": (url, key) => connectV2(url, key),
  "TypeScript v2, auto": (url, key) => connectV2(url, key, "auto"),
};

async function connectV2(url: string, key: string, mode?: "auto"): Promise<StockClient> {
  const client = new ClientV2(INFO, mode === undefined ? {} : { versionNegotiation: { mode } });
  const reported: string[] = [];
  Object.assign(client, { onerror: (fault: Error) => reported.push(fault.message) });
  const transport = new TransportV2(new URL(url), authorized(key));
  await client.connect(transport);
  return {
    call: (name, args) => client.callTool({ name, arguments: args }),
    listPrompts: () => client.listPrompts(),
    listResources: () => client.listResources(),
    reported,
    end: () => transport.terminateSession(),
    close: () => client.close(),
  };
}

async function lookPython(url: string, key: string, mode: string): Promise<Seen> {
  const program = join(ROOT, "test/support/mcp-python/client.py");
  const { stdout } = await promisify(execFile)(PYTHON, [program, url, mode, key], { timeout: 50_000 });
  return Seen.parse(JSON.parse(stdout));
}
