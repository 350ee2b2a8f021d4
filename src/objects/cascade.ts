/**
 * A cascade: stopping an agent stops all of its descendants. It is a job of the root agent's object, kept in rows and
 * woken by the timer `cascade`, so that it survives a restart at any point:
 *
 *   1. Read the tree from the registry.                                (A repeat does no harm.)
 *   2. Ask each descendant's object to stop.                           (Idempotent: it looks at its own row.)
 *   3. Note its answer.                                 (After a crash before this, the descendant is asked again.)
 *   4. Ask again those whose stop is not effective, until every stop is.
 *   5. Walk the whole tree again when the root's stop is effective, and after every walk that found a running agent,
 *      because agents are registered, moved, activated and resumed meanwhile. A walk that began after the root's stop
 *      was effective, and found no agent running and no stop pending, ends the cascade: an agent that starts later has
 *      asked its ancestors later, and is refused (`agent-ancestors.ts`).
 *
 * The root's halt is effective when all stops are. While D1 is down, the root is already stopped; its descendants
 * follow when the tree can be read.
 */
import type { AgentId, HaltId } from "../kernel/ids.ts";
import type { FamilyStopCommand } from "../operations/owners/agent-owner.ts";
import type { StoredHalt } from "../operations/owners/halts.ts";
import { descendantsOf } from "../registry/agents.ts";
import type { CascadeTable, StoredCascade } from "./cascade-table.ts";
import type { HaltTable } from "./halt-table.ts";
import type { ObjectDeps } from "./deps.ts";

/** The number of objects asked in one run: well below what one invocation may call. */
const ASKED_AT_ONCE = 50;
/** The time after which descendants whose stop is not effective are asked again, in milliseconds. */
const LOOK_AGAIN_MS = 250;
/** The first walk begins with the stop; every later one begins after the stop is effective. */
const FIRST_PASS = 1;

interface CascadeDeps extends ObjectDeps {
  readonly storage: DurableObjectStorage;
  readonly cascades: CascadeTable;
  readonly halts: HaltTable;
  /** Called inside the transaction that ends a cascade, when the halt is effective. Writes its audit record. */
  onEffective(halt: StoredHalt): void;
}

/** @returns when to run again (milliseconds since the epoch); undefined when the cascade has ended. */
export async function runCascade(deps: CascadeDeps, id: string): Promise<number | undefined> {
  const { cascades, halts, clock, storage } = deps;
  const cascade = cascades.read(id);
  const halt = halts.find(id);
  const root = halt?.agents[0]?.agent;
  if (cascade === null || cascade.finishedAt !== null || halt === null || root === undefined)
    return undefined;

  const family = await descendantsOf(deps.db, root);
  cascades.know(halt.id, family.length);
  const members = cascades.members(halt.id);
  const unasked = family.filter((agent) => members.get(agent)?.pass !== cascade.pass);
  const waiting = [...members.values()].filter((each) => !each.effective && each.pass === cascade.pass);
  const toAsk = [...unasked, ...waiting.map(({ agent }) => agent)].slice(0, ASKED_AT_ONCE);
  await askAll(deps, cascade, halt, root, toAsk);

  if (unasked.length > toAsk.length) return clock.now();
  if (!everythingEffective(deps, halt.id)) return clock.now() + LOOK_AGAIN_MS;
  if (cascade.pass === FIRST_PASS || (cascades.read(id)?.stoppedInPass ?? 0) > 0) {
    cascades.walkAgain(halt.id);
    return clock.now();
  }
  storage.transactionSync(() => {
    if (cascades.read(id)?.finishedAt !== null) return;
    cascades.finish(halt.id, clock.now());
    deps.onEffective(halt);
  });
  await storage.sync();
  return undefined;
}

/** @throws when an object did not answer, so that the timer backs off; the others' answers are kept. */
async function askAll(
  deps: CascadeDeps,
  cascade: StoredCascade,
  halt: StoredHalt,
  root: AgentId,
  agents: readonly AgentId[],
): Promise<void> {
  const command: FamilyStopCommand = {
    end: cascade.end,
    cause: { agent: root, halt: halt.id },
    operator: halt.operator,
    reason: halt.reason,
    requestId: cascade.requestId,
    hold: cascade.hold,
  };
  const outcomes = await Promise.allSettled(
    agents.map(async (agent) => {
      const answer = await deps.owners.agent(agent).stopForFamily(command);
      deps.storage.transactionSync(() => deps.cascades.note(halt.id, cascade.pass, agent, answer));
    }),
  );
  const failed = outcomes.filter((outcome) => outcome.status === "rejected");
  const [first] = failed;
  if (first !== undefined) {
    throw new Error(`${failed.length} of ${agents.length} agents did not answer: ${String(first.reason)}`);
  }
}

function everythingEffective({ cascades, halts }: CascadeDeps, id: HaltId): boolean {
  const rootEffective = halts.find(id)?.effectiveAt !== null;
  return rootEffective && [...cascades.members(id).values()].every((member) => member.effective);
}
