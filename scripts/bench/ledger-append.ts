/** How fast one ledger takes records in, as the consumer of the audit queue brings them: batches of 100, one by one. */
import type { ShownEntry } from "../../src/contract/audit.ts";
import type { Lab } from "./lab.ts";
import { ask, request } from "./load.ts";
import { median, row, type Row } from "./row.ts";

const BATCH = 100;
const BATCHES = 20;
const ROUNDS = 8;
const WANTED = 5_000;

/** @param decision a decision that a server has recorded: what is appended has its shape and its size. */
export async function ledgerAppend(lab: Lab, decision: ShownEntry): Promise<Row> {
  const { seq: _seq, hash: _hash, names: _names, ...taken } = decision;
  const record = { ...taken, workspace: lab.workspace, producer: "bench" };
  const order = { ledger: lab.workspace, record, batches: BATCHES, size: BATCH };
  const bytes = request(lab.address, "POST", "/bench/append", { json: order });
  const rates: number[] = [];
  for (let i = -1; i < ROUNDS; i += 1) {
    const start = performance.now();
    const { status, body } = await ask(lab.address, bytes);
    const { accepted } = JSON.parse(body) as { accepted: number };
    if (status !== 200 || accepted !== BATCH * BATCHES)
      throw new Error(`the ledger took ${accepted}: ${body}`);
    if (i >= 0) rates.push((accepted * 1_000) / (performance.now() - start)); // the first only warms up
  }
  const rate = median(rates);
  const measured = `${Math.round(rate)} records/s of ${JSON.stringify(record).length} bytes, in batches of ${BATCH}`;
  return row("ledger append in one workspace, of 5,000 records/s", rate / WANTED, "at least", 1, measured);
}
