/** MCP servers in processes of their own, on ports of this machine. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PYTHON } from "./python.ts";
import { freePort, ROOT } from "./server.ts";

interface McpProcess {
  readonly url: string;
  readonly process: ChildProcess;
}

/** On the official Python SDK; it speaks both eras. */
export async function servePython(): Promise<McpProcess> {
  const program = join(ROOT, "test/support/mcp-python/server.py");
  const child = spawn(PYTHON, [program], { stdio: ["ignore", "pipe", "ignore"] });
  const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { url, process: child };
}

/** Of the protocol's authors, with one of everything; it speaks 2025-11-25 alone. */
export async function serveEverything(): Promise<McpProcess> {
  const require = createRequire(import.meta.url);
  const program = require.resolve("@modelcontextprotocol/server-everything/dist/index.js");
  const port = await freePort();
  const child = spawn(process.execPath, [program, "streamableHttp"], {
    env: { PATH: process.env["PATH"], PORT: String(port) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  await once(createInterface({ input: child.stderr }), "line");
  return { url: `http://127.0.0.1:${port}/mcp`, process: child };
}
