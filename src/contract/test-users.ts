/**
 * Users to try Dome with: `npm start -- --test-users` runs an identity provider on this machine. Its issuer has a
 * path of its own, so that it is recognized everywhere as a provider that authenticates nobody.
 *
 * The server publishes the public half of the key. `dome users test-token` signs with the private half, from the
 * same file. No endpoint issues such a token, so only a person who can read the state folder can make one.
 */
const PATH = "/dome-test-users";

/** In the state folder of the server, mode 0600. */
export const TEST_USERS_FILE = "test-users.json";

export interface TestUsers {
  readonly issuer: string;
  /** The private key, a JWK (RFC 7517) for ES256, with its `kid`. */
  readonly key: Readonly<Partial<Record<string, string>>>;
}

export const testIssuer = (port: number): string => `http://127.0.0.1:${port}${PATH}`;

/** True for the issuer of such a provider on any machine: its users are made up. */
export const isTestIssuer = (issuer: string): boolean =>
  URL.canParse(issuer) && new URL(issuer).pathname === PATH;

/** @returns null when the file holds something else. */
export function parseTestUsers(text: string): TestUsers | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value)) return null;
  const { issuer, key } = value;
  if (typeof issuer !== "string" || !isTestIssuer(issuer) || !isRecord(key)) return null;
  const members = Object.entries(key).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  const jwk = Object.fromEntries(members);
  const whole = jwk["kty"] === "EC" && jwk["crv"] === "P-256";
  const { x, y, d, kid } = jwk;
  return whole && [x, y, d, kid].every((member) => member !== undefined && member !== "")
    ? { issuer, key: jwk }
    : null;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
