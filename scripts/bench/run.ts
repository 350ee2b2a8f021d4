/**
 * `npm run bench [-- --json] [-- --full] [-- --against DIR]`: the performance budgets, measured on this machine over loopback.
 *
 * Everything is a ratio inside this one run, because machines differ: a share of a trivial route of the same server, one
 * workspace against another, or a figure against its published limit. What is compared takes turns, and medians count.
 * A row without a budget is for information; --json has null there.
 * --json prints [{name, ratio, budget, ok}] and nothing else; --full takes 100,000 agents instead of 10,000.
 * --against DIR compares the rates of check, token and exchange with those of an older version's checkout instead.
 * Exit 1 when a budget is missed.
 */
import { execFileSync } from "node:child_process";
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ShownEntry } from "../../src/contract/audit.ts";
import { endEverything, startServer, temporaryFolder } from "../../test/support/server.ts";
import { against } from "./against.ts";
import { checkCost } from "./check-cost.ts";
import { eventDelivery } from "./event-delivery.ts";
import { openLab, type Lab } from "./lab.ts";
import { exchangeCost } from "./exchange-cost.ts";
import { governedCall } from "./governed-call.ts";
import { ledgerAppend } from "./ledger-append.ts";
import { manyAgents } from "./many-agents.ts";
import { Operator } from "./operator.ts";
import { ownSocket } from "./own-socket.ts";
import { ROOT } from "./place.ts";
import { manyPolicies, policiesInSlice, setCache } from "./policy-cost.ts";
import { percentile, type Row } from "./row.ts";
import { sdkCost } from "./sdk-cost.ts";
import { startUp } from "./start-up.ts";
import { stopLatency } from "./stop-latency.ts";
import { table } from "./table.ts";
import { startUpstream } from "./tool-doors.ts";
import { warmReads } from "./warm-reads.ts";

const { values: asked } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    against: { type: "string" },
  },
});
const tell = (line: string): void => void (asked.json ? null : process.stdout.write(`${line}\n`));

/** What a sync of 4 KB to the disk takes here: the durable write is mostly that. */
function syncTimes(): string {
  const file = openSync(join(temporaryFolder(), "sync"), "w");
  const page = Buffer.alloc(4_096);
  const times = Array.from({ length: 100 }, () => {
    const start = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    return performance.now() - start;
  });
  closeSync(file);
  return `${percentile(times, 0.5).toFixed(2)} ms (p50), ${percentile(times, 0.95).toFixed(2)} ms (p95)`;
}

async function measure(): Promise<Row[]> {
  const rows = await startUp();
  tell("  start-up measured");
  const upstream = await startUpstream();
  const server = await startServer({ args: ["--egress-allow", upstream.origin] });
  const labs: Lab[] = [];
  try {
    labs.push(await openLab(), await openLab());
    const [lab, large] = labs as [Lab, Lab];
    rows.push(await ownSocket(lab, server));
    tell("  own socket measured");
    rows.push(...(await checkCost(lab, server)));
    tell("  cost of a check measured");
    rows.push(await exchangeCost(server));
    tell("  cost of an exchange measured");
    rows.push(...(await governedCall(server, upstream)));
    tell("  cost of a tool call measured");
    rows.push(...(await sdkCost(server)));
    rows.push(...(await eventDelivery(server)));
    tell("  cost of the SDKs, and what they hear, measured");
    const operator = new Operator({ host: "127.0.0.1", port: server.port }, server.adminToken);
    const list = await operator.ask<{ items: ShownEntry[] }>("GET", "/api/v1/audit?kind=decision&limit=1");
    const [decision] = list.items;
    if (decision === undefined) throw new Error("the server has recorded no decision");
    rows.push(await warmReads(lab));
    rows.push(await manyAgents(lab, large, asked.full ? 100_000 : 10_000));
    tell("  workspaces of different size measured");
    rows.push(...(await policiesInSlice(lab, server)));
    rows.push(...(await manyPolicies(lab, large)));
    rows.push(...(await setCache(lab)));
    tell("  cost of policies measured");
    rows.push(await stopLatency(lab));
    tell("  stops measured");
    rows.push(await ledgerAppend(lab, decision));
    return rows;
  } finally {
    for (const lab of labs) await lab.stop();
    await server.stop();
    await upstream.stop();
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    endEverything().then(
      () => process.exit(1),
      () => process.exit(1),
    );
  });
}

try {
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts"), "--quiet"], {
    cwd: ROOT,
    stdio: "inherit",
  });
  const loads = loadavg();
  const processors = availableParallelism();
  tell(`load average ${loads.map((load) => load.toFixed(1)).join(", ")} on ${processors} processors`);
  if ((loads[0] ?? 0) > processors / 2)
    tell("others use this machine too: figures with a unit suffer from it");
  tell(`a sync of 4 KB to disk takes ${syncTimes()}`);
  const rows = asked.against === undefined ? await measure() : await against(asked.against);
  const missed = rows.filter(({ ok }) => !ok);
  const promised = rows.filter(({ budget }) => budget !== null).length;
  if (asked.json) {
    const figures = rows.map(({ name, ratio, budget, ok }) => ({ name, ratio, budget, ok }));
    process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  } else {
    process.stdout.write(`\n${table(rows)}\n`);
    tell(
      `${promised - missed.length} of ${promised} budgets met, in ${(performance.now() / 1_000).toFixed(0)} s`,
    );
  }
  if (missed.length > 0) process.exitCode = 1;
} catch (fault) {
  process.stderr.write(`bench failed: ${fault instanceof Error ? fault.message : String(fault)}\n`);
  process.exitCode = 1;
} finally {
  await endEverything();
}
