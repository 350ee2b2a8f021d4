/**
 * `dome users test-token`: prints an ID token of a test user, signed with the key in the state folder of a server on
 * this machine. No service is asked: every program that can read that folder can act as the identity provider.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { parseTestUsers, TEST_USERS_FILE, type TestUsers } from "../../../contract/test-users.ts";
import { rfc3339 } from "../../../kernel/clock.ts";
import { verb } from "../../command.ts";
import { CommandFailure, EXIT } from "../../exit.ts";
import { faultCode } from "../../fault-code.ts";
import type { Session } from "../../session.ts";

interface TestTokenOptions {
  readonly audience: string;
  readonly email?: string;
  readonly state?: string;
}

const LIFE_S = 600;

export const testTokenCommand = (session: Session): Command =>
  verb({
    name: "test-token",
    summary: "Print an ID token of a made-up user, for trying Dome on this machine",
    description:
      "Print an ID token of a made-up user, for trying Dome on this machine. The server must offer test users " +
      "(npm start -- --test-users), and the workspace must trust them (dome idp add). The token alone goes to stdout. " +
      "Run it in the folder of the server, or name its state folder.",
    examples: ["dome users test-token alice --audience support-app > alice.jwt"],
  })
    .argument("<user>", "any name: it becomes the user's subject (sub)")
    .requiredOption("--audience <client>", "the client id for which the token is made (aud)")
    .option("--email <address>", "the user's address (default: USER@example.com)")
    .option("--state <folder>", "the server's state folder (default: DOME_STATE_DIR, else .dome)")
    .action(async (user: string, options: TestTokenOptions) => {
      const { env, clock } = session.io;
      const users = await readTestUsers(options.state ?? (env.DOME_STATE_DIR || ".dome"));
      const now = Math.floor(clock.now() / 1000);
      const { SignJWT, importJWK } = await import("jose");
      const { kid = "", ...key } = users.key;
      const token = await new SignJWT({ email: options.email ?? `${user}@example.com`, email_verified: true })
        .setProtectedHeader({ typ: "JWT", alg: "ES256", kid })
        .setIssuer(users.issuer)
        .setSubject(user)
        .setAudience(options.audience)
        .setIssuedAt(now)
        .setExpirationTime(now + LIFE_S)
        .sign(await importJWK(key, "ES256"));
      session.output.show({
        body: { id_token: token, issuer: users.issuer, expires_at: rfc3339((now + LIFE_S) * 1000) },
        ids: [token],
        text: () => token,
      });
    });

async function readTestUsers(folder: string): Promise<TestUsers> {
  const path = join(folder, TEST_USERS_FILE);
  try {
    const users = parseTestUsers(await readFile(path, "utf8"));
    if (users !== null) return users;
  } catch (fault) {
    const code = faultCode(fault);
    if (code !== "ENOENT") throw new CommandFailure(EXIT.failed, `${path} cannot be read (${code})`);
    throw new CommandFailure(
      EXIT.failed,
      `${folder} is not the state folder of a server with test users`,
      "npm start -- --test-users, then this command in the same folder or with --state FOLDER",
    );
  }
  throw new CommandFailure(
    EXIT.failed,
    `${path} is damaged`,
    "remove it, and start the server again with --test-users",
  );
}
