/** How many bytes a ledger on this machine may take: what was asked for, and never more than its disk has free. */
import { existsSync, readdirSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";

const DEFAULT_BYTES = 10_000_000_000;
/** The least that the Worker takes for a capacity. */
const LEAST_BYTES = 1_000_000;
/** Left to everything else on the disk: the database, the outboxes, and the stops that a full ledger must not hold up. */
const KEPT_FREE = 0.1;

/**
 * The free disk is that of this moment: a server that runs for long finds a disk that others have filled only by the
 * fault of a write, which counts as full at once.
 * @param asked `DOME_LEDGER_CAPACITY`; empty: 10 GB. What is no number is handed on, and refused by name in the Worker.
 * @param freeBytes of the disk with the state folder.
 * @param takenBytes by the state folder already: a ledger's own bytes are room that it has.
 */
export function ledgerCapacity(asked: string, freeBytes: number, takenBytes: number): string {
  if (asked !== "" && !/^[1-9]\d{0,14}$/.test(asked)) return asked;
  const wished = asked === "" ? DEFAULT_BYTES : Number(asked);
  const room = takenBytes + Math.floor(freeBytes * (1 - KEPT_FREE));
  return String(Math.min(wished, Math.max(LEAST_BYTES, room)));
}

/** Bytes that an unprivileged process may still write below a folder. */
export function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Bytes of all files below a folder; 0 when there is none. */
export function bytesIn(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
