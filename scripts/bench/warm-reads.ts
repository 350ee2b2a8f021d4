/**
 * How often a warm check waits for D1 or asks an object something. Writing its evidence is no reading; renewing a lease
 * ahead of its end is one, but goes on behind the answer and is the same work whatever the number of calls.
 */
import type { Lab } from "./lab.ts";
import { Clients } from "./load.ts";
import { checksOf } from "./operator.ts";
import { median, row, type Row } from "./row.ts";

const CONNECTIONS = 4;
const AGENTS = 4;
const ROUNDS = 6;
const ROUND_MS = 500;
/** The object's own write of the decision. */
const EVIDENCE = "AGENT.record";

export async function warmReads(lab: Lab): Promise<Row> {
  const requests = checksOf(lab.address, await lab.operator.makeCallers("reads", AGENTS));
  const clients = await Clients.open(lab.address, CONNECTIONS);
  const rounds: { checks: number; reads: number; renewals: number }[] = [];
  try {
    await clients.run(requests, ROUND_MS);
    for (let i = 0; i < ROUNDS; i += 1) {
      const before = await lab.uses();
      await clients.run(requests, ROUND_MS);
      const after = await lab.uses();
      rounds.push({
        checks: (after.in_the_way[EVIDENCE] ?? 0) - (before.in_the_way[EVIDENCE] ?? 0),
        reads: readings(after.in_the_way) - readings(before.in_the_way),
        renewals: readings(after.behind) - readings(before.behind),
      });
    }
  } finally {
    clients.close();
  }
  const sum = (member: "checks" | "renewals"): number =>
    rounds.reduce((total, each) => total + each[member], 0);
  const perSecond = (sum("renewals") * 1_000) / (ROUNDS * ROUND_MS);
  const measured = `in ${sum("checks")} checks of ${AGENTS} agents; ${perSecond.toFixed(1)} leases a second renewed behind them`;
  const ratio = median(rounds.map(({ reads, checks }) => reads / checks));
  return row("reads of D1 and objects per warm check", ratio, "at most", 0, measured);
}

const readings = (uses: Readonly<Record<string, number>>): number =>
  Object.entries(uses).reduce((total, [use, times]) => total + (use === EVIDENCE ? 0 : times), 0);
