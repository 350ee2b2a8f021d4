/** Workspaces. */
import type { z } from "zod";
import {
  halt,
  haltList,
  transactionTransition,
  userTransition,
  workspaceTransition,
  type Halt,
  type haltRequest,
  type TransactionTransition,
  type userRequest,
  type UserTransition,
  type WorkspaceTransition,
} from "../contract/halt.ts";
import {
  workspace,
  workspaceList,
  type Workspace,
  type workspaceCreate,
  type workspacePatch,
} from "../contract/workspace.ts";
import { ifMatch } from "./if-match.ts";
import { Listing } from "./listing.ts";
import { route, type Transport } from "./transport.ts";

export class Workspaces {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  create(body: z.input<typeof workspaceCreate>): Promise<Workspace> {
    return this.#transport.change("POST", "/api/v1/workspaces", workspace, {
      body,
    });
  }

  list(limit?: number): Listing<Workspace> {
    return new Listing(
      (cursor, size) => this.#transport.read("/api/v1/workspaces", workspaceList, { limit: size, cursor }),
      limit,
    );
  }

  /** @param name the workspace's name or id. */
  show(name: string): Promise<Workspace> {
    return this.#transport.read(route`/api/v1/workspaces/${name}`, workspace);
  }

  /** @param readEpoch the `config_epoch` on which the change is based; if it has changed since: ConflictError (412). */
  update(name: string, change: z.input<typeof workspacePatch>, readEpoch?: number): Promise<Workspace> {
    return this.#transport.change("PATCH", route`/api/v1/workspaces/${name}`, workspace, {
      body: change,
      headers: ifMatch(readEpoch),
    });
  }

  /**
   * Stops every agent of the workspace.
   * @param wait `effective`: the answer comes when the halt is effective.
   */
  stop(
    name: string,
    body: z.input<typeof haltRequest> = {},
    wait?: "effective",
  ): Promise<WorkspaceTransition> {
    return this.#transport.change("POST", route`/api/v1/workspaces/${name}/halt`, workspaceTransition, {
      body,
      query: { wait },
    });
  }

  resume(name: string): Promise<WorkspaceTransition> {
    return this.#transport.change("POST", route`/api/v1/workspaces/${name}/resume`, workspaceTransition);
  }

  /**
   * Stops everything that agents of the workspace do for a user.
   * @param wait `effective`: the answer comes when the stop is effective.
   */
  stopUser(name: string, body: z.input<typeof userRequest>, wait?: "effective"): Promise<UserTransition> {
    return this.#transport.change("POST", route`/api/v1/workspaces/${name}/users/stop`, userTransition, {
      body,
      query: { wait },
    });
  }

  resumeUser(name: string, body: z.input<typeof userRequest>): Promise<UserTransition> {
    const path = route`/api/v1/workspaces/${name}/users/resume`;
    return this.#transport.change("POST", path, userTransition, { body });
  }

  /**
   * Stops one transaction in the workspace.
   * @param wait `effective`: the answer comes when the stop is effective.
   */
  stopTransaction(
    name: string,
    txn: string,
    body: z.input<typeof haltRequest> = {},
    wait?: "effective",
  ): Promise<TransactionTransition> {
    const path = route`/api/v1/workspaces/${name}/transactions/${txn}/stop`;
    return this.#transport.change("POST", path, transactionTransition, { body, query: { wait } });
  }

  halts(name: string): Listing<Halt> {
    return new Listing((cursor, size) =>
      this.#transport.read(route`/api/v1/workspaces/${name}/halts`, haltList, { limit: size, cursor }),
    );
  }

  /** The current halt receipt. */
  halt(name: string, id: string): Promise<Halt> {
    return this.#transport.read(route`/api/v1/workspaces/${name}/halts/${id}`, halt);
  }
}
