/** The OAuth doors of the Worker for tests, and tokens as an exchange makes them. */
import { env } from "cloudflare:workers";
import { oauthError } from "../../src/contract/oauth.ts";
import { deriveKeys, parseRootKeys } from "../../src/secrets/root-key.ts";
import { openDatabase } from "../../src/storage/client.ts";
import type { CallTokenClaims } from "../../src/contract/call-token.ts";
import { mintCallToken } from "../../src/tokens/mint.ts";
import { loadSigningKeys } from "../../src/tokens/signing-key-reads.ts";
import { openSigner, signingKeyAt } from "../../src/tokens/signing-key.ts";
import { TEST_ISSUER, TEST_ROOT_KEY } from "./fixed-secrets.ts";
import { ids, worker, type Door } from "./worker-api.ts";

export interface OAuthAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export const basic = (client: string, secret: string): string => `Basic ${btoa(`${client}:${secret}`)}`;

/** Posts a form. @param authorization the whole header, or null. */
export async function postForm(
  path: string,
  authorization: string | null,
  form: Readonly<Record<string, string>>,
  door: Door = worker,
): Promise<OAuthAnswer> {
  const response = await door(
    new Request(TEST_ISSUER + path, {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        ...(authorization === null ? {} : { authorization }),
      },
      body: new URLSearchParams(form).toString(),
    }),
  );
  return { status: response.status, headers: response.headers, text: await response.text() };
}

export const introspect = (authorization: string | null, token: string, door: Door = worker) =>
  postForm("/api/v1/auth/introspect", authorization, { token }, door);

export const revoke = (authorization: string | null, token: string, door: Door = worker) =>
  postForm("/api/v1/auth/revoke", authorization, { token }, door);

/** The `error` of a refusal, with its status. */
export const errorOf = ({ status, text }: OAuthAnswer): readonly [number, string] => [
  status,
  oauthError.parse(JSON.parse(text)).error,
];

export const claimsOf = (token: string): CallTokenClaims =>
  JSON.parse(atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"))) as CallTokenClaims;

/** Signs claims with the installation's own key. */
export async function signClaims(claims: CallTokenClaims): Promise<string> {
  const roots = parseRootKeys(TEST_ROOT_KEY);
  if (!roots.ok) throw new Error(roots.error.kind);
  const key = signingKeyAt(await loadSigningKeys(openDatabase(env.DB)), "token", Date.now());
  if (key === undefined) throw new Error("the installation has no token key yet");
  const signer = await openSigner(key, await deriveKeys(roots.value));
  if (!signer.ok) throw new Error(signer.error.kind);
  return mintCallToken(claims, signer.value);
}

/** The token that the holder of `ownToken` gets for an exchange of `parent`: one more hop, narrower in nothing. */
export async function exchanged(parent: string, ownToken: string): Promise<string> {
  const from = claimsOf(parent);
  const own = claimsOf(ownToken);
  const jti = ids.next("tok");
  const [link] = own.dome.chain;
  if (link === undefined) throw new Error("a token without a chain");
  const act = {
    iss: from.iss,
    sub: link.agent,
    sub_profile: "ai_agent",
    ...(from.act === undefined ? {} : { act: from.act }),
  } as const;
  return signClaims({
    ...from,
    jti,
    client_id: link.agent,
    act,
    dome: {
      ...from.dome,
      name: own.dome.name,
      chain: [link, ...from.dome.chain],
      path: [...from.dome.path, jti],
    },
  });
}
