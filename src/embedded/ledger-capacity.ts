/**
 * The greatest size of a ledger on this machine, in bytes: the configured size, but never more than its disk has free.
 */
import { existsSync, readdirSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";

const DEFAULT_BYTES = 10_000_000_000;
/** The smallest capacity that the Worker accepts. */
const LEAST_BYTES = 1_000_000;
/**
 * The share of the free disk that is left for everything else: the database, the outboxes, and the stops that a full
 * ledger must not delay.
 */
const KEPT_FREE = 0.1;

/**
 * The free space is measured once, at the start. When other programs fill the disk later, a write fails, and the ledger
 * counts as full at once.
 * @param asked `DOME_LEDGER_CAPACITY`; empty for 10 GB. A value that is not a number is passed on, and the Worker
 * refuses it by name.
 * @param freeBytes free bytes on the disk of the state folder.
 * @param takenBytes bytes that the state folder takes already; they count as room, because they include the ledger.
 */
export function ledgerCapacity(asked: string, freeBytes: number, takenBytes: number): string {
  if (asked !== "" && !/^[1-9]\d{0,14}$/.test(asked)) return asked;
  const wished = asked === "" ? DEFAULT_BYTES : Number(asked);
  const room = takenBytes + Math.floor(freeBytes * (1 - KEPT_FREE));
  return String(Math.min(wished, Math.max(LEAST_BYTES, room)));
}

/** The number of bytes that an unprivileged process may still write below a folder. */
export function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** The size of all files below a folder, in bytes; 0 when there is no folder. */
export function bytesIn(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
