/**
 * An agent that never rests: several calls in flight, each followed at once by the next, all with one call token.
 * It keeps what became of every call, by its own clock. Bounded in calls and in time.
 */
import { AgentClient } from "../../src/client/agent-client.ts";
import { ApiError } from "../../sdk/typescript/src/errors.ts";

export interface Call {
  /** Milliseconds since the epoch, by the agent's clock. */
  readonly sentAt: number;
  readonly answeredAt: number;
  /** The decision that allowed it; null: it was refused. */
  readonly allowedBy: string | null;
  /** In short what the answer was. */
  readonly answer: string;
}

interface BusyAgent {
  /** Calls answered so far, oldest first. */
  readonly calls: readonly Call[];
  /** True once it has stopped by itself: a call ran into what is no answer of Dome, or it has reached a bound. */
  isOver(): boolean;
  /** Lets the calls in flight finish. @throws what a call ran into that is no answer of Dome. */
  rest(): Promise<void>;
}

const IN_FLIGHT = 4;
const MOST_CALLS = 200_000;
const LONGEST_MS = 120_000;

/** @param tool what it asks for, over and over. */
export function startBusyAgent(url: string, token: string, tool: string): BusyAgent {
  const door = new AgentClient({ url, token, retries: 0 });
  const calls: Call[] = [];
  const end = Date.now() + LONGEST_MS;
  const rest = new AbortController();
  const loop = async (): Promise<void> => {
    while (!rest.signal.aborted && calls.length < MOST_CALLS && Date.now() < end) {
      const sentAt = Date.now();
      const { allowedBy, answer } = await ask(door, tool);
      calls.push({ sentAt, answeredAt: Date.now(), allowedBy, answer });
    }
  };
  let isOver = false;
  const loops = Promise.allSettled(Array.from({ length: IN_FLIGHT }, loop)).finally(() => {
    isOver = true;
  });
  return {
    calls,
    isOver: () => isOver,
    rest: async () => {
      rest.abort();
      const fault = (await loops).find((outcome) => outcome.status === "rejected");
      if (fault !== undefined) throw fault.reason;
    },
  };
}

async function ask(door: AgentClient, tool: string): Promise<Pick<Call, "allowedBy" | "answer">> {
  try {
    const { decision, decision_id: id, reason } = await door.check({ tool });
    return { allowedBy: decision === "allow" ? id : null, answer: `${decision} (${reason})` };
  } catch (fault) {
    if (fault instanceof ApiError) return { allowedBy: null, answer: `${fault.status} ${fault.code}` };
    throw fault;
  }
}
