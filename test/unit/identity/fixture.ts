/** An identity provider on paper: its keys, what it publishes, and the tokens that it signs. */
import {
  exportJWK,
  generateKeyPair,
  SignJWT,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
} from "jose";
import { Egress } from "../../../src/egress/egress.ts";
import type { Fetch } from "../../../src/egress/open.ts";
import type { KeyCache } from "../../../src/identity/key-cache.ts";
import { ProviderKeys } from "../../../src/identity/provider-keys.ts";
import type { IdentityProvider } from "../../../src/identity/provider.ts";
import { BoundedMap } from "../../../src/kernel/bounded-map.ts";
import type { AgentId, WorkspaceId } from "../../../src/kernel/ids.ts";
import type { Log } from "../../../src/kernel/log.ts";
import { ManualTime } from "../../support/manual-timers.ts";

export const ISSUER = "https://login.example.com";
export const DISCOVERY = `${ISSUER}/.well-known/openid-configuration`;
export const JWKS = `${ISSUER}/keys`;
export const WORKSPACE: WorkspaceId = "wsp_01k9v3m8q2x7n5r4t6w0y1z2a3";
export const AGENT: AgentId = "agt_01k9v3m8q2x7n5r4t6w0y1z2a3";
export const OTHER_AGENT: AgentId = "agt_01k9v3m8q2x7n5r4t6w0y1z2a4";
/** Milliseconds since the epoch. */
export const NOW = 1_795_452_600_000;
export const SECONDS = NOW / 1000;

export const provider = (change: Partial<IdentityProvider> = {}): IdentityProvider => ({
  id: "idp_01k9v3m8q2x7n5r4t6w0y1z2a3",
  workspaceId: WORKSPACE,
  name: "okta",
  issuer: ISSUER,
  audiences: [{ audience: "support-app", agent: AGENT }],
  audienceScope: "agent",
  authorizedParties: [],
  algorithms: ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"],
  subjectClaim: "sub",
  emailClaim: "email",
  groupsClaim: null,
  tenant: null,
  maxAgeSeconds: 600,
  maxAuthAgeSeconds: null,
  acrValues: [],
  description: null,
  createdAt: 0,
  version: 1,
  ...change,
});

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function signingKey(kid: string, alg = "ES256"): Promise<SigningKey> {
  const pair = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey: pair.privateKey, jwk: { ...(await exportJWK(pair.publicKey)), kid, alg } };
}

export const claims = (change: Readonly<Record<string, unknown>> = {}): JWTPayload => ({
  iss: ISSUER,
  sub: "00u1",
  aud: "support-app",
  iat: SECONDS - 10,
  exp: SECONDS + 3_600,
  ...change,
});

/** An ID token; a claim or header member that is undefined is left out. */
export const idToken = (
  key: SigningKey,
  change: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> =>
  new SignJWT(claims(change))
    .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header } as JWTHeaderParameters)
    .sign(key.privateKey);

export const jsonAnswer = (body: unknown, init: ResponseInit = {}): Response =>
  new Response(typeof body === "string" ? body : JSON.stringify(body), {
    headers: { "content-type": "application/json" },
    ...init,
  });

/** What the provider's addresses answer; what is not there is unreachable. Every request is noted. */
export class PaperProvider {
  readonly asked: string[] = [];
  readonly answers = new Map<string, () => Response | Promise<Response>>();

  constructor(...keys: readonly SigningKey[]) {
    this.answers.set(DISCOVERY, () => jsonAnswer({ issuer: ISSUER, jwks_uri: JWKS }));
    this.publish(...keys);
  }

  publish(...keys: readonly SigningKey[]): void {
    this.answers.set(JWKS, () => jsonAnswer({ keys: keys.map(({ jwk }) => jwk) }));
  }

  die(): void {
    this.answers.clear();
  }

  readonly fetch: Fetch = async (url) => {
    this.asked.push(url);
    const answer = this.answers.get(url);
    if (answer === undefined) throw new TypeError("connection refused");
    return answer();
  };
}

export interface Isolate {
  readonly time: ManualTime;
  readonly keys: ProviderKeys;
  readonly cache: KeyCache;
  /** What was logged, a line each. */
  readonly logged: readonly string[];
}

export function isolate(paper: PaperProvider, time = new ManualTime(NOW)): Isolate {
  const cache: KeyCache = new BoundedMap(10);
  const egress = new Egress({
    fetch: { public: paper.fetch, listed: paper.fetch },
    timers: time,
    allowed: new Set(),
  });
  const logged: string[] = [];
  const log: Log = {
    write: (level, event, fields) =>
      void logged.push([level, event, ...Object.values(fields ?? {})].join(" ")),
  };
  const keys = new ProviderKeys({ clock: time, timers: time, egress, cache, log });
  return { time, cache, logged, keys };
}
