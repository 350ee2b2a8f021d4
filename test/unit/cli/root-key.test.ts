import { expect, test } from "vitest";
import type { RootKeyStatus } from "../../../src/contract/root-key.ts";
import { json } from "../client/fake-service.ts";
import { dome } from "./run-cli.ts";

const STATUS: RootKeyStatus = {
  versions: [
    {
      version: "bbbbbbbb",
      place: "newest",
      sealed: 2,
      api_keys: 5,
      operator_tokens: 1,
      made: 2,
      may_leave: false,
    },
    {
      version: "aaaaaaaa",
      place: "older",
      sealed: 0,
      api_keys: 0,
      operator_tokens: 0,
      made: 4,
      may_leave: true,
    },
  ],
};
const batch = (rewrapped: number, left: number, more: object = {}) =>
  json(200, { dry_run: false, rewrapped, left, unreadable: [], ...more });

test("dome root-key status says what hangs on each version, and which may leave", async () => {
  const { exit, stdout } = await dome(["root-key", "status"], { replies: [json(200, STATUS)] });
  expect(exit).toBe(0);
  expect(stdout).toContain("bbbbbbbb  newest  2       5         1                2     no");
  expect(stdout).toContain(
    "aaaaaaaa  older   0       0         0                4     yes, except its form key",
  );
});

test("dome root-key rewrap goes on batch by batch until nothing is left", async () => {
  const done = await dome(["root-key", "rewrap"], { replies: [batch(50, 7), batch(7, 0)] });
  expect(done).toMatchObject({ exit: 0, stdout: "57 encrypted again, 0 left.\n" });
  expect(done.requests).toEqual(["POST /api/v1/root-keys/rewrap", "POST /api/v1/root-keys/rewrap"]);
});

test("dome root-key rewrap --dry-run asks once, and says how many there are in all", async () => {
  const dry = await dome(["root-key", "rewrap", "--dry-run"], { replies: [batch(50, 7, { dry_run: true })] });
  expect(dry).toMatchObject({ exit: 0, stdout: "57 would be encrypted again; nothing was changed.\n" });
  expect(dry.requests).toHaveLength(1);
  expect(dry.service.seen[0]?.body).toBe('{"dry_run":true}');
});

test("dome root-key rewrap fails when something cannot be opened: a version is missing", async () => {
  const failed = await dome(["root-key", "rewrap"], { replies: [batch(0, 0, { unreadable: ["k1"] })] });
  expect(failed.exit).toBe(1);
  expect(failed.stderr).toContain("no version in DOME_ROOT_KEY opens k1");
});
