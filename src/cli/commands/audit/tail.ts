/** `dome audit tail`: shows the ledger as it grows. After a lost connection it reconnects and misses nothing. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { countFromZero, wholeNumber } from "../../option-values.ts";
import { reconnecting } from "../../reconnect.ts";
import type { Session } from "../../session.ts";
import { filterOf, withFilters, type FilterOptions } from "./filters.ts";
import { cells } from "./row.ts";

interface TailOptions extends FilterOptions {
  readonly after?: number;
  readonly count?: number;
}

export function tailCommand(session: Session): Command {
  const command = verb({
    name: "tail",
    summary: "Follow new records; filters are combined",
    description:
      "Show new records of the ledger until you interrupt it; with --since or --after, existing records first. With --json, one record per line. Dome records this reading too.",
    examples: [
      "dome audit tail --decision deny",
      "dome audit tail --since 1h",
      "dome audit tail --after 1200 --json | jq .kind",
    ],
  });
  return withFilters(command, session)
    .option("--after <seq>", "continue after the record with this seq; 0: from the first", countFromZero)
    .option("--count <n>", "end after this many records", wholeNumber)
    .action((options: TailOptions) => tail(session, options));
}

async function tail(session: Session, { after, count, ...options }: TailOptions): Promise<void> {
  const { audit } = await session.controlPlane();
  const { output } = session;
  let last = after;
  let left = count ?? Infinity;
  for await (const entry of reconnecting(session, () => audit.tail(filterOf(options), last))) {
    output.line({ body: entry, id: entry.id, cells: cells(entry, output.style.clock) });
    last = entry.seq;
    left -= 1;
    if (left <= 0) return;
  }
}
