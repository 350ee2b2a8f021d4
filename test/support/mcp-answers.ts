/** A modern MCP server in place of the Worker's own `fetch`: at every address, with these tools. */
interface Told {
  /** What it lists. */
  tools: readonly object[];
  /** The headers of each request so far. */
  readonly asked: Headers[];
}

export function mcpAnswers(tools: readonly object[] = []): Told & { readonly answer: typeof fetch } {
  const told: Told = { tools, asked: [] };
  const answer = (_url: unknown, init?: RequestInit): Promise<Response> => {
    told.asked.push(new Headers(init?.headers));
    if (!(init?.body instanceof Uint8Array)) return Promise.resolve(new Response(null, { status: 405 }));
    const text = new TextDecoder().decode(init.body);
    const { id, method } = JSON.parse(text) as { id: unknown; method: string };
    const result = method === "tools/list" ? { tools: told.tools } : { supportedVersions: ["2026-07-28"] };
    return Promise.resolve(Response.json({ jsonrpc: "2.0", id, result }));
  };
  return Object.assign(told, { answer: answer as typeof fetch });
}
