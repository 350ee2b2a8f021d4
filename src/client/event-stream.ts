/** Reading server-sent events (HTML standard §9.2.6): `id`, `data`; comments and unknown fields are passed over. */

export interface ServerEvent {
  readonly id: string | null;
  readonly data: string;
}

/** Every event with data, in order, until the stream ends. */
export async function* serverEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(chunk, { stream: true });
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = parse(block);
      if (event !== null) yield event;
    }
  }
}

function parse(block: string): ServerEvent | null {
  const lines = block.split("\n");
  const field = (name: string): string[] =>
    lines
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).replace(/^ /, ""));
  const data = field("data");
  return data.length === 0 ? null : { id: field("id").at(-1) ?? null, data: data.join("\n") };
}
