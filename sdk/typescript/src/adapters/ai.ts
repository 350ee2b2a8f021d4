/**
 * Vercel AI SDK: puts a check before each tool that a model may call.
 *
 *     const tools = governed(client, { create_ticket: tool({ … }) }, (name) => `zendesk/${name}`);
 *     await generateText({ model, tools, prompt });
 *
 * A tool that is denied fails with the reason, which the model is told.
 */
import type { AgentCalls } from "../agent-calls.ts";
import { ConfigurationError } from "../errors.ts";
import { linked } from "../signals.ts";

/** A tool of the AI SDK, as far as it matters here. */
interface Tool {
  /** What it does. */
  readonly execute?: ((input: never, options: never) => unknown) | undefined;
}
type Tools = Readonly<Record<string, Tool>>;
type Act = (input: unknown, options: Options) => unknown;

interface Options {
  readonly abortSignal?: AbortSignal | undefined;
}

/**
 * @param nameOf what Dome calls the tool of that name; by itself: the same.
 * @returns the same tools, each of which asks with the model's own arguments before it runs.
 * @throws ConfigurationError for a tool that this process does not run itself: nothing can be put before it.
 */
export function governed<T extends Tools>(
  client: AgentCalls,
  tools: T,
  nameOf: (name: string) => string = (name) => name,
): T {
  const entries = Object.entries(tools).map(([name, tool]) => {
    const act = tool.execute?.bind(tool) as Act | undefined;
    if (act === undefined)
      throw new ConfigurationError(`the tool ${name} has no execute, so nothing can be put before it`);
    const ask = client.guard(nameOf(name), async ({ input, options }: Given, work) => {
      // The tool's own signal also aborts when the agent is stopped.
      const { signal, release } = linked([options.abortSignal, work.signal]);
      try {
        return await last(act(input, { ...options, abortSignal: signal }));
      } finally {
        release();
      }
    });
    return [name, { ...tool, execute: (input: unknown, options: Options) => ask(new Given(input, options)) }];
  });
  return Object.fromEntries(entries) as T;
}

/** What a model gave: its input is what is asked about, the options are not. */
class Given {
  readonly input: unknown;
  readonly options: Options;

  constructor(input: unknown, options: Options) {
    this.input = input;
    this.options = options;
  }

  /** The arguments of the check. */
  toJSON(): unknown {
    return this.input;
  }
}

/** A tool may yield what it has so far: what counts is the last, and it is waited for under the same allow. */
async function last(output: unknown): Promise<unknown> {
  if (typeof output !== "object" || output === null || !(Symbol.asyncIterator in output)) return output;
  let value: unknown;
  for await (value of output as AsyncIterable<unknown>);
  return value;
}
