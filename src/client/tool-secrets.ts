/** The secrets with which Dome authenticates to the server behind a tool. No answer has their values. */
import {
  toolSecret,
  toolSecretList,
  toolSecretRemoved,
  type ToolSecret,
  type ToolSecretCreate,
  type ToolSecretRemoved,
} from "../contract/upstream.ts";
import { Listing } from "./listing.ts";
import { route, type Transport } from "./transport.ts";

export class ToolSecrets {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Adds a secret. From then on Dome sends this one. */
  add(tool: string, body: ToolSecretCreate, workspace?: string): Promise<ToolSecret> {
    const options = { body, query: { workspace } };
    return this.#transport.change("POST", route`/api/v1/tools/${tool}/secrets`, toolSecret, options);
  }

  /** The secrets, the newest first. */
  list(tool: string, workspace?: string): Listing<ToolSecret> {
    return new Listing((cursor, size) =>
      this.#transport.read(route`/api/v1/tools/${tool}/secrets`, toolSecretList, {
        workspace,
        limit: size,
        cursor,
      }),
    );
  }

  remove(tool: string, secret: string, workspace?: string): Promise<ToolSecretRemoved> {
    const options = { query: { workspace } };
    const path = route`/api/v1/tools/${tool}/secrets/${secret}`;
    return this.#transport.change("DELETE", path, toolSecretRemoved, options);
  }
}
