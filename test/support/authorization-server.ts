/**
 * The authorization server of a tool's server, not ours (oidc-provider), on a loopback port: client credentials with
 * resource indicators, and tokens of users for what Dome asserts. It trusts Dome by its issuer and its published keys.
 */
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from "jose";
import { Provider } from "oidc-provider";

export interface AuthorizationServer {
  readonly issuer: string;
  /** Of every token request that was granted so far. */
  readonly forms: Readonly<Record<string, unknown>>[];
  /** The assertions of this issuer count from now on. */
  trust(dome: string): void;
  stop(): void;
}

const URN = "urn:ietf:params:oauth:grant-type";
const EXCHANGE = `${URN}:token-exchange`;
const BEARER = `${URN}:jwt-bearer`;
const TTL_S = 300;

/** @param resource the only one that it gives tokens for. */
export async function startAuthorizationServer(
  client: { readonly id: string; readonly secret: string },
  resource: string,
): Promise<AuthorizationServer> {
  let listener: RequestListener = (_request, response) => response.writeHead(503).end();
  const forms: Readonly<Record<string, unknown>>[] = [];
  const server = createServer((request, response) => listener(request, response));
  server.unref();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid: "k1", alg: "ES256", use: "sig" };
  const info = {
    scope: "tickets.read",
    audience: resource,
    accessTokenFormat: "jwt",
    accessTokenTTL: TTL_S,
    jwt: { sign: { alg: "ES256" } },
  };
  const asserted = new WeakMap<object, object>();
  const provider = new Provider(issuer, {
    extraTokenClaims: (context) => asserted.get(context),
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        grant_types: ["client_credentials", EXCHANGE, BEARER],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: "client_secret_basic",
        id_token_signed_response_alg: "ES256",
      },
    ],
    jwks: { keys: [jwk] },
    scopes: ["tickets.read"],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, asked: string) => {
          if (asked !== resource) throw new Error("there is no such resource");
          return info;
        },
      },
    },
  });
  provider.on("grant.success", ({ oidc }) => forms.push(oidc.params ?? {}));
  let trusted = "";
  const grant =
    (of: string): Parameters<Provider["registerGrantType"]>[1] =>
    async (context) => {
      const keys = createRemoteJWKSet(new URL(`${trusted}/.well-known/jwks.json`));
      const { payload } = await jwtVerify(String(context.oidc.params?.[of]), keys, {
        issuer: trusted,
        audience: issuer,
        typ: "dome-user-assertion+jwt",
        maxTokenAge: "60s",
        requiredClaims: ["jti", "sub", "act"],
      });
      asserted.set(context, { act: payload["act"] });
      const token = new provider.AccessToken({
        accountId: payload.sub,
        client: context.oidc.client,
        scope: "tickets.read",
        gty: of,
      });
      token.resourceServer = new provider.ResourceServer(resource, info);
      context.body = {
        access_token: await token.save(),
        issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
        token_type: "Bearer",
        expires_in: TTL_S,
      };
    };
  provider.registerGrantType(EXCHANGE, grant("subject_token"), [
    "subject_token",
    "subject_token_type",
    "requested_token_type",
    "resource",
    "scope",
  ]);
  provider.registerGrantType(BEARER, grant("assertion"), ["assertion", "resource", "scope"]);
  listener = provider.callback() as RequestListener;
  return {
    issuer,
    forms,
    trust: (dome) => {
      trusted = dome;
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
