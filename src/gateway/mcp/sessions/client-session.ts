/**
 * The session ids that Dome gives to MCP clients of the legacy era. The id holds the session, encrypted: Dome keeps none,
 * and any isolate can serve the next request. It opens only for the caller, at the door and in the workspace for which
 * it was sealed, and only until its end. So it is no credential, and the ids of the server never leave Dome (P10, P11).
 *
 * An id that does not open has one answer, whatever the reason: it was forged, belongs to another caller, is over, or its
 * root key is gone. The client then begins a new session.
 */
import type { Caller } from "../../../access/caller.ts";
import { canonical } from "../../../kernel/canonical.ts";
import type { Random } from "../../../kernel/random.ts";
import { open, seal, sealedLength, type EnvelopeKey } from "../../../secrets/envelope.ts";
import type { DerivedKeys, VersionKeys } from "../../../secrets/root-key.ts";
import { identityOf } from "./identity.ts";
import type { LegacySession } from "./server-session.ts";

export interface ClientSession {
  /** The absolute end, in milliseconds since the epoch. Use does not move it. */
  readonly until: number;
  /** The revision that the client and Dome agreed on. */
  readonly version: string;
  /** By tool. The aggregate has several. */
  readonly servers: Readonly<Record<string, ServerSession>>;
}

/** The session at the server of one tool, if its era has sessions. */
export type ServerSession = { readonly era: "modern" } | ({ readonly era: "legacy" } & BoundSession);

/** A session that goes to no other server than its own: the entry of a tool may have got another one since (P10). */
export interface BoundSession extends LegacySession {
  /** The tool and its address, as `serverAddress` names them. */
  readonly at: string;
}

/** Where and for whom a session is. A part that differs is another context, in which the id does not open. */
interface Holder {
  /** The door's path, as in `/mcp/zendesk`. */
  readonly door: string;
  readonly caller: Pick<Caller, "state">;
}

/** The longest id, in characters: servers of HTTP take headers of 8 KB altogether. */
const MOST_CHARS = 4_096;

/**
 * The session with as many of its servers' as an id can hold, the shortest first.
 * @returns also the names of the servers for which there is no room.
 */
export function fitting(session: ClientSession): {
  readonly session: ClientSession;
  readonly left: readonly string[];
} {
  const entries = Object.entries(session.servers).map(([name, server]) => ({
    name,
    server,
    /** What it adds to the text, with a comma. */
    more: JSON.stringify(name).length + JSON.stringify(server).length + 2,
  }));
  const servers: Record<string, ServerSession> = {};
  const left: string[] = [];
  let length = JSON.stringify({ ...session, servers }).length;
  for (const { name, server, more } of entries.toSorted((a, b) => a.more - b.more)) {
    if (sealedLength(length + more) <= MOST_CHARS) {
      servers[name] = server;
      length += more;
    } else left.push(name);
  }
  return { session: { ...session, servers }, left };
}

/** @returns null when the id would be too long, because the server's ids are. */
export async function sealSession(
  { derived: [newest], random }: { readonly derived: DerivedKeys; readonly random: Random },
  holder: Holder,
  session: ClientSession,
): Promise<string | null> {
  const id = await seal([sealing(newest)], JSON.stringify(session), contextOf(holder), random);
  return id.length <= MOST_CHARS ? id : null;
}

/** @returns null when there is no such session for this caller here, now. */
export async function unsealSession(
  { derived }: { readonly derived: DerivedKeys },
  holder: Holder,
  id: string,
  now: number,
): Promise<ClientSession | null> {
  if (id.length > MOST_CHARS) return null;
  const opened = await open(derived.map(sealing), id, contextOf(holder));
  if (!opened.ok) return null;
  const session = JSON.parse(opened.value) as ClientSession; // sealed by Dome, so it needs no check
  return now < session.until ? session : null;
}

const sealing = ({ version, sessionKey }: VersionKeys): EnvelopeKey => ({ version, envelope: sessionKey });

const contextOf = ({ door, caller }: Holder): string =>
  `mcp-session:${canonical({ door, ...identityOf(caller) })}`;
