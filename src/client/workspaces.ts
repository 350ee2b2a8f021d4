/** Workspaces. */
import type { z } from "zod";
import { workspace, workspaceList, type Workspace, type workspaceCreate } from "../contract/workspace.ts";
import { Listing, pageSize } from "./listing.ts";
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
    const query = { limit: pageSize(limit) };
    return new Listing((cursor) =>
      this.#transport.read("/api/v1/workspaces", workspaceList, {
        ...query,
        cursor,
      }),
    );
  }

  /** @param name its name or id. */
  show(name: string): Promise<Workspace> {
    return this.#transport.read(route`/api/v1/workspaces/${name}`, workspace);
  }
}
