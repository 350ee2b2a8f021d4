/** The keys with which the service signs. */
import type { z } from "zod";
import {
  signingKeyList,
  signingKeysRotated,
  type signingKeyRotation,
  type SigningKeysRotated,
  type SigningKeyView,
} from "../contract/signing-key.ts";
import { Listing } from "./listing.ts";
import type { Transport } from "./transport.ts";

export class SigningKeys {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  list(): Listing<SigningKeyView> {
    return new Listing((cursor, size) =>
      this.#transport.read("/api/v1/signing-keys", signingKeyList, { limit: size, cursor }),
    );
  }

  rotate(body: z.input<typeof signingKeyRotation>): Promise<SigningKeysRotated> {
    return this.#transport.change("POST", "/api/v1/signing-keys/rotate", signingKeysRotated, { body });
  }
}
