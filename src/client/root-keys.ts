/** The versions of the root key, and the data that depends on each. */
import type { z } from "zod";
import {
  rootKeyRewrapped,
  rootKeyStatus,
  type rootKeyRewrap,
  type RootKeyRewrapped,
  type RootKeyStatus,
} from "../contract/root-key.ts";
import type { Transport } from "./transport.ts";

export class RootKeys {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  status(): Promise<RootKeyStatus> {
    return this.#transport.read("/api/v1/root-keys", rootKeyStatus);
  }

  /** Rewraps one batch; `left` says whether more remain. */
  rewrap(body: z.input<typeof rootKeyRewrap> = {}): Promise<RootKeyRewrapped> {
    return this.#transport.change("POST", "/api/v1/root-keys/rewrap", rootKeyRewrapped, { body });
  }
}
