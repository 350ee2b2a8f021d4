/**
 * An identity provider that is not ours (oidc-provider), on a loopback port, for tests and the demo. Its users sign in
 * without a browser, and the rest is real: authorization code, PKCE, an ID token signed with a key from its own JWKS.
 */
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { Provider, type Adapter, type AdapterPayload } from "oidc-provider";
import { toBase64Url, utf8 } from "../../src/kernel/bytes.ts";

interface ProviderUser {
  readonly subject: string;
  readonly email: string;
  readonly emailVerified: boolean;
}

export interface RunningProvider {
  readonly issuer: string;
  /** The whole code flow. @returns the ID token of this user for this client. */
  idToken(client: string, user: ProviderUser): Promise<string>;
  /** Signs with a new key from now on. @param keep whether the keys from before stay published. */
  rotate(keep: "keep" | "drop"): Promise<void>;
  /** How often the key set was asked for. */
  keyRequests(): number;
  /** Ends it; a second time is allowed. */
  stop(): Promise<void>;
}

/** Nobody is there: the code is read from the redirection itself. */
const REDIRECT = "https://client.example/signed-in";
const MOST_STEPS = 8;

/** @param clients the audiences of its ID tokens. */
export async function startProvider(clients: readonly string[]): Promise<RunningProvider> {
  const users = new Map<string, ProviderUser>();
  let keyRequests = 0;
  let listener: RequestListener = (_request, response) => response.writeHead(503).end();
  const server = createServer((request, response) => {
    if (request.url === "/jwks") keyRequests += 1;
    listener(request, response);
  });
  server.unref(); // it keeps nobody waiting who forgot it
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let keys = [await signingKey(1)];
  listener = application(issuer, clients, keys, users);

  return {
    issuer,
    idToken: async (client, user) => {
      users.set(user.subject, user);
      return signIn(issuer, client, user.subject);
    },
    rotate: async (keep) => {
      const next = await signingKey(keys.length + 1);
      keys = keep === "keep" ? [next, ...keys] : [next];
      listener = application(issuer, clients, keys, users);
    },
    keyRequests: () => keyRequests,
    stop: () => stop(server),
  };
}

/** What the provider keeps, for as long as it runs. Sign-ins are few here, so nothing is thrown away. */
class Shelf implements Adapter {
  readonly #items = new Map<string, AdapterPayload>();

  async upsert(id: string, payload: AdapterPayload): Promise<void> {
    this.#items.set(id, payload);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    return this.#items.get(id);
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return [...this.#items.values()].find((item) => item["uid"] === uid);
  }

  async findByUserCode(): Promise<undefined> {
    return undefined;
  }

  async consume(id: string): Promise<void> {
    const item = this.#items.get(id);
    if (item !== undefined) item["consumed"] = Math.floor(Date.now() / 1000);
  }

  async destroy(id: string): Promise<void> {
    this.#items.delete(id);
  }

  async revokeByGrantId(): Promise<void> {}
}

async function signingKey(number: number): Promise<JWK> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const kid = `key-${number}-${crypto.randomUUID().slice(0, 8)}`;
  return { ...(await exportJWK(privateKey)), kid, alg: "ES256", use: "sig" };
}

/** The first key signs. */
function application(
  issuer: string,
  clients: readonly string[],
  keys: readonly JWK[],
  users: ReadonlyMap<string, ProviderUser>,
): RequestListener {
  const provider = new Provider(issuer, {
    clients: clients.map((client) => ({
      client_id: client,
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: "none",
      id_token_signed_response_alg: "ES256",
    })),
    jwks: { keys: [...keys] },
    adapter: () => new Shelf(),
    cookies: { keys: [crypto.randomUUID()] },
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false, // the ID token itself says the e-mail, as most providers' do
    features: { devInteractions: { enabled: false } },
    ttl: { AccessToken: 300, Grant: 300, IdToken: 3600, Interaction: 60, Session: 60 },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, subject) => {
      const user = users.get(subject);
      if (user === undefined) return undefined;
      const { email, emailVerified } = user;
      return {
        accountId: subject,
        claims: () => ({ sub: subject, email, email_verified: emailVerified }),
      };
    },
    loadExistingGrant: async ({ oidc }) => {
      const { client, session } = oidc;
      if (client === undefined || session?.accountId === undefined) return undefined;
      const grant = new oidc.provider.Grant({ accountId: session.accountId, clientId: client.clientId });
      grant.addOIDCScope("openid email");
      await grant.save();
      return grant;
    },
  });
  const others = provider.callback();
  return (request, response) => {
    if (!request.url?.startsWith("/interaction/")) return void others(request, response);
    // Whoever the hint names signs in: the users of this provider have no passwords.
    provider
      .interactionDetails(request, response)
      .then(({ params }) =>
        provider.interactionFinished(request, response, {
          login: { accountId: String(params["login_hint"]) },
        }),
      )
      .catch((fault: unknown) => response.writeHead(500).end(String(fault)));
  };
}

/** As a browser goes through it, with its cookies, and then as the client that was waiting. */
async function signIn(issuer: string, client: string, subject: string): Promise<string> {
  const verifier = toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
  const digest = await crypto.subtle.digest("SHA-256", utf8(verifier));
  const code = await authorize(
    issuer,
    new URLSearchParams({
      client_id: client,
      response_type: "code",
      scope: "openid email",
      redirect_uri: REDIRECT,
      login_hint: subject,
      code_challenge: toBase64Url(new Uint8Array(digest)),
      code_challenge_method: "S256",
    }),
  );
  const answer = await fetch(`${issuer}/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: client,
      code,
      redirect_uri: REDIRECT,
      code_verifier: verifier,
    }),
  });
  const { id_token: token } = (await answer.json()) as { id_token?: string };
  if (token === undefined) throw new Error(`the provider answered ${answer.status} without an ID token`);
  return token;
}

async function authorize(issuer: string, parameters: URLSearchParams): Promise<string> {
  const cookies = new Map<string, string>();
  let url = new URL(`${issuer}/auth?${parameters.toString()}`);
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, { redirect: "manual", headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    const location = answer.headers.get("location");
    if (location === null) throw new Error(`${url.pathname}: ${answer.status} ${await answer.text()}`);
    url = new URL(location, url);
    if (!url.href.startsWith(REDIRECT)) continue;
    const code = url.searchParams.get("code");
    if (code === null) throw new Error(`nobody was signed in: ${url.search}`);
    return code;
  }
  throw new Error("the sign-in goes round in circles");
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  server.closeAllConnections();
  server.close();
  await once(server, "close");
}
