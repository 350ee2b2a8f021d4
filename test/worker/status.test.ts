/** Status tells nobody what a route of its own would refuse them: one permission per fact. */
import { beforeAll, describe, expect, it } from "vitest";
import { status, type Status } from "../../src/contract/status.ts";
import { ROLES } from "../../src/contract/roles.ts";
import { mayDo, whyNot } from "../../src/operators/permissions.ts";
import { bearer, done, send } from "../security/calls.fixture.ts";
import { makeWorkspace, operatorToken } from "../security/installation.fixture.ts";

beforeAll(async () => {
  await makeWorkspace("home");
});

const readers = ROLES.filter((role) => mayDo(role, "status:read"));

describe("status", () => {
  it("says which signing keys are in force", async () => {
    const authorization = bearer(await operatorToken({ role: "admin" }));
    await send("GET", "/.well-known/jwks.json");
    const { signing_keys: keys } = status.parse(
      await done<Status>("GET", "/api/v1/status", { authorization }),
    );
    expect(keys?.map(({ signs, in_force }) => [signs, in_force])).toEqual([
      [true, true],
      [true, true],
    ]);
  });

  it("shows what waits in D1 for the whole installation only to who sees all of it (P11)", async () => {
    const outboxOf = async (workspaces: string[] | null) => {
      const authorization = bearer(await operatorToken({ role: "auditor", workspaces }));
      return status.parse(await done<Status>("GET", "/api/v1/status", { authorization })).outbox;
    };
    expect(await outboxOf(null)).not.toBeNull();
    expect(await outboxOf(["home"])).toBeNull();
  });

  it.each(readers.flatMap((role) => [[role, null] as const, [role, ["home"]] as const]))(
    "shows %s of the workspaces %j the keys that its own routes show",
    async (role, workspaces) => {
      const authorization = bearer(await operatorToken({ role, workspaces }));
      const shown = status.parse(await done<Status>("GET", "/api/v1/status", { authorization }));
      const operator = { role, workspaces };
      expect({ signing: shown.signing_keys !== null, root: shown.root_keys !== null }).toEqual({
        signing: whyNot(operator, "signing-keys:read") === null,
        root: whyNot(operator, "root-keys:read") === null,
      });
      for (const [path, seen] of [
        ["/api/v1/signing-keys", shown.signing_keys],
        ["/api/v1/root-keys", shown.root_keys],
      ] as const) {
        expect((await send("GET", path, { authorization })).status).toBe(seen === null ? 403 : 200);
      }
    },
  );
});
