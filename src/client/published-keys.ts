/**
 * What the service publishes for verifiers: its issuer (RFC 8414) and its keys (RFC 7517). Requested without a
 * credential.
 */
import { z } from "zod";
import { Transport, type ClientOptions } from "./transport.ts";

const metadata = z.object({ issuer: z.string() });
const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

export interface PublishedKeys {
  readonly issuer: string;
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/** Asks the service at `url`, never the issuer that a token names: a forger would name a server of its own. */
export async function publishedKeys(options: Omit<ClientOptions, "token">): Promise<PublishedKeys> {
  const transport = new Transport({ ...options, token: null });
  const [{ issuer }, { keys }] = await Promise.all([
    transport.read("/.well-known/oauth-authorization-server", metadata),
    transport.read("/.well-known/jwks.json", keySet),
  ]);
  return { issuer, keys };
}
