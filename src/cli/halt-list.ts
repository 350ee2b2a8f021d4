/** The `halts` commands of agents and workspaces: a page of halts, or the receipt of one. */
import type { Command } from "commander";
import type { Listing } from "../client/listing.ts";
import type { Halt } from "../contract/halt.ts";
import { usage } from "./exit.ts";
import { haltFields, haltTable } from "./halt-text.ts";
import { shownPage, takePage, type Paging } from "./paging.ts";
import type { Session } from "./session.ts";
import type { Read } from "./watch.ts";

export async function listOfHalts(
  session: Session,
  command: Command,
  listing: Listing<Halt>,
  paging: Paging,
): Promise<Read> {
  const taken = await takePage(listing, paging);
  return shownPage(session, command, taken, { id: (halt) => halt.id, text: haltTable });
}

/** @throws CommandFailure (exit 2) for options of the list, which would have no effect. */
export async function receiptOf(session: Session, paging: Paging, ask: () => Promise<Halt>): Promise<Read> {
  if (Object.keys(paging).length > 0)
    throw usage("--limit and --cursor are for the list; omit the id of the halt");
  const halt = await ask();
  const { output } = session;
  return { body: halt, ids: [halt.id], text: () => haltFields(output.style, halt) };
}
