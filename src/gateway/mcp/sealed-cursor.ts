/**
 * Cursors at the door of all servers. Each page continues the lists of several servers, so a cursor holds one of each,
 * sealed: a server's cursor may hold anything, and only whoever was given it may send it back to that server.
 */
import type { Caller } from "../../access/caller.ts";
import { canonical } from "../../kernel/canonical.ts";
import type { Random } from "../../kernel/random.ts";
import { open, seal, type EnvelopeKey } from "../../secrets/envelope.ts";
import type { DerivedKeys, VersionKeys } from "../../secrets/root-key.ts";

export interface CursorPorts {
  readonly derived: DerivedKeys;
  readonly random: Random;
}

export interface SealedPage {
  /** Which page it is; the first is 0. */
  readonly page: number;
  /** By tool: where its server's list goes on. */
  readonly cursors: Readonly<Record<string, string>>;
}

/** Of a list that goes on for longer, the rest is not asked for. */
export const MOST_PAGES = 100;
/** The longest cursor, in characters. */
const MOST_CHARS = 16_384;

/** Where the list of a tool goes on; null: it begins. A tool may be named as every object of JavaScript names a member. */
export const cursorOf = ({ cursors }: Pick<SealedPage, "cursors">, tool: string): string | null =>
  Object.hasOwn(cursors, tool) ? (cursors[tool] ?? null) : null;

/** @returns null when the cursors of the servers are too long. */
export async function sealCursor(
  { derived: [newest], random }: CursorPorts,
  caller: Caller,
  method: string,
  page: SealedPage,
): Promise<string | null> {
  const cursor = await seal([sealing(newest)], JSON.stringify(page), contextOf(caller, method), random);
  return cursor.length <= MOST_CHARS ? cursor : null;
}

/** @returns null for what is no cursor of this caller for this list. */
export async function openCursor(
  { derived }: Pick<CursorPorts, "derived">,
  caller: Caller,
  method: string,
  cursor: string,
): Promise<SealedPage | null> {
  if (cursor.length > MOST_CHARS) return null;
  const opened = await open(derived.map(sealing), cursor, contextOf(caller, method));
  return opened.ok ? (JSON.parse(opened.value) as SealedPage) : null; // sealed by Dome, so it needs no check
}

const sealing = ({ version, sessionKey }: VersionKeys): EnvelopeKey => ({ version, envelope: sessionKey });

const contextOf = ({ state }: Caller, method: string): string =>
  `mcp-cursor:${canonical({
    method,
    workspace: state.workspace,
    agents: state.chain.map(({ agent, epoch }) => [agent, epoch]),
    user: state.user ?? null,
  })}`;
