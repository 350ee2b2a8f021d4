/**
 * The sessions at legacy servers that the id of a client's session at the door of all servers holds. A server may forget
 * one; then this isolate no longer uses it, and the server gets a session that Dome keeps (`session-book.ts`). The id
 * cannot be changed, so another isolate learns the same from the server.
 */
import type { BoundedMap } from "../../../kernel/bounded-map.ts";
import type { BoundSession, ServerSession } from "./client-session.ts";

export class HeldSessions {
  readonly #digest: string;
  readonly #servers: Readonly<Record<string, ServerSession>>;
  readonly #lost: BoundedMap<string, true>;

  /**
   * @param digest of the id.
   * @param servers by tool.
   * @param lost what servers have forgotten, of all sessions of this isolate.
   */
  constructor(
    digest: string,
    servers: Readonly<Record<string, ServerSession>>,
    lost: BoundedMap<string, true>,
  ) {
    this.#digest = digest;
    this.#servers = servers;
    this.#lost = lost;
  }

  /** Those that have an id, and so an end. */
  get all(): readonly { readonly tool: string; readonly session: BoundSession }[] {
    return Object.keys(this.#servers).flatMap((tool) => {
      const session = this.#of(tool);
      return session === null || session.id === null ? [] : [{ tool, session }];
    });
  }

  /**
   * @param address of the tool's server now: a session that was begun at another is none here (P10).
   * @returns null: there is none.
   */
  at(tool: string, address: string): BoundSession | null {
    const held = this.#of(tool);
    return held?.at === address ? held : null;
  }

  /** Whether the id holds a session at the tool's server, wherever that was. */
  has(tool: string): boolean {
    return this.#of(tool) !== null;
  }

  /** The server no longer knows it. */
  lose(tool: string): void {
    this.#lost.set(this.#key(tool), true);
  }

  #of(tool: string): BoundSession | null {
    const held = Object.hasOwn(this.#servers, tool) ? this.#servers[tool] : undefined;
    return held?.era === "legacy" && this.#lost.get(this.#key(tool)) !== true ? held : null;
  }

  #key(tool: string): string {
    return `${this.#digest} ${tool}`;
  }
}
