/**
 * The time until an agent's own process learns of a change: from the commit to the hook of the SDK, both by the clock of
 * this machine. Both SDKs listen at the same time, with the same key. An operator begins and cancels a drain repeatedly,
 * each time after both SDKs have received the event.
 */
import { DomeClient, type LifecycleEvent, type StateEvent } from "../../sdk/typescript/src/dome.ts";
import type { RunningServer } from "../../test/support/server.ts";
import { Operator } from "./operator.ts";
import { startPythonSdk, type PythonSdk } from "./python-sdk.ts";
import { information, percentile, type Row } from "./row.ts";
import { BOUND_MS } from "./stop-latency.ts";

const CHANGES = 200;

interface Heard {
  readonly type: string;
  readonly n: number | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export async function eventDelivery(server: RunningServer): Promise<Row[]> {
  const operator = new Operator({ host: "127.0.0.1", port: server.port }, server.adminToken);
  const [caller] = await operator.makeCallers("hears", 1);
  if (caller === undefined) throw new Error("no caller");
  const python = startPythonSdk(server, caller);
  const client = new DomeClient({ baseUrl: server.url, token: caller.key });
  try {
    const own = listen(client);
    await client.start();
    python.order("listen");
    await Promise.all([nextOf(own, "state"), nextOf(python, "state")]);
    const delays = { typescript: [] as number[], python: [] as number[] };
    for (let change = 0; change < CHANGES; change += 1) {
      const drains = change % 2 === 0;
      const [path, body] = drains
        ? ["suspend", { drain_seconds: 600 }]
        : ["activate", { reason: "the bench goes on" }];
      await operator.ask("POST", `/api/v1/agents/${caller.id}/${path}`, body);
      const type = drains ? "agent.draining" : "agent.activated";
      const [here, there] = await Promise.all([nextOf(own, type), nextOf(python, type)]);
      if (here.n !== there.n) throw new Error(`one SDK heard event ${here.n}, the other ${there.n}`);
      delays.typescript.push(here.at - here.time);
      delays.python.push(there.at - here.time);
    }
    return [told("TypeScript", delays.typescript), told("Python", delays.python)];
  } finally {
    await client.close();
    await python.end();
  }
}

function told(language: string, delays: readonly number[]): Row {
  const [p50, p99] = [percentile(delays, 0.5), percentile(delays, 0.99)];
  const measured = `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms from the commit; ${delays.length} events`;
  return information(`event at the ${language} SDK, p99 of the bound of a stop`, p99 / BOUND_MS, measured);
}

interface Source<T extends Heard> {
  answer(): Promise<T>;
}

/** The events that the SDK of this process receives, in order. */
function listen(client: DomeClient): Source<Heard & { readonly time: number }> {
  const heard: (Heard & { readonly time: number })[] = [];
  let tell = (): void => undefined;
  client.events.on("*", (event: LifecycleEvent | StateEvent) => {
    const { n, time } = event.type === "state" ? { n: null, time: null } : event;
    heard.push({ type: event.type, n, at: Date.now(), time: Date.parse(time ?? "") });
    tell();
  });
  return {
    answer: async () => {
      for (;;) {
        const next = heard.shift();
        if (next !== undefined) return next;
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      }
    },
  };
}

/** Skips the events before the next one of this type. */
async function nextOf<T extends Heard>(source: Source<T> | PythonSdk, type: string): Promise<T> {
  for (;;) {
    const heard: T = await source.answer();
    if (heard.type === type) return heard;
  }
}
