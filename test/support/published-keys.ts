/** The keys that the Worker publishes, as somebody gets them who only has its URL. */
import { z } from "zod";
import type { KeySet } from "../../src/signing/jws.ts";
import { TEST_ISSUER } from "./fixed-secrets.ts";
import { worker } from "./worker-api.ts";

const document = z.object({
  keys: z.array(z.looseObject({ kid: z.string(), kty: z.string(), dome_use: z.enum(["token", "receipt"]) })),
});

export async function jwks(): Promise<KeySet["keys"]> {
  const response = await worker(new Request(`${TEST_ISSUER}/.well-known/jwks.json`));
  const { keys } = document.parse(await response.json());
  return new Map(keys.map(({ kid, dome_use: use, ...key }) => [kid, { use, key }]));
}
