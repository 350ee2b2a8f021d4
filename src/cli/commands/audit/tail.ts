/** `dome audit tail`: shows the ledger as it grows. After a lost connection it reconnects and misses nothing. */
import type { Command } from "commander";
import type { AuditTrail } from "../../../client/audit-trail.ts";
import { ConnectionError } from "../../../../sdk/typescript/src/errors.ts";
import { verb } from "../../command.ts";
import { countFromZero, wholeNumber } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { filterOf, withFilters, type FilterOptions } from "./filters.ts";
import { cells } from "./row.ts";

interface TailOptions extends FilterOptions {
  readonly after?: number;
  readonly count?: number;
}

/** The pause between two connections, in milliseconds. A refusal of the service ends the command. */
const COME_BACK_MS = 1_000;

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
  const place: Place = { last: after, left: count ?? Infinity, connected: false };
  while (place.left > 0) {
    await follow(session, audit, options, place);
    if (place.left > 0) {
      session.output.note("The connection has ended. Reconnecting.");
      await session.io.timers.sleep(COME_BACK_MS);
    }
  }
}

/** The progress of the reader. */
interface Place {
  last: number | undefined;
  left: number;
  connected: boolean;
}

/**
 * Reads one connection to its end. The first connection must succeed; a later one that breaks or cannot be made is
 * followed by another. A refusal of the service is always final.
 */
async function follow(
  session: Session,
  audit: AuditTrail,
  options: FilterOptions,
  place: Place,
): Promise<void> {
  const { output } = session;
  try {
    for await (const entry of audit.tail(filterOf(options), place.last)) {
      output.line({ body: entry, id: entry.id, cells: cells(entry, output.style.clock) });
      place.last = entry.seq;
      place.connected = true;
      place.left -= 1;
      if (place.left <= 0) return;
    }
  } catch (fault) {
    if (!place.connected || !(fault instanceof ConnectionError)) throw fault;
  }
  place.connected = true;
}
