/* oxlint-disable unicorn/no-thenable -- the word of the interface, and no function */
/** A hint that repeats a command repeats its options: who pastes it must not get another stop than the one that was typed. */
import { describe, expect, test } from "vitest";
import { json, type Reply } from "../client/fake-service.ts";
import { agent, HALT_ID, transition } from "../client/samples.ts";
import { dome, homeWithContexts } from "./run-cli.ts";

const RECORD = "evt_01k9v3m8q2x7n5r4t6w0y1z2a3";
const listed = (over: object = {}): Reply => json(200, { items: [agent(over)], next_cursor: null });
const REASON = ["--reason", "it's a leak"];
const WORD = String.raw`--reason 'it'\''s a leak'`;

describe("a command that asks first, without a terminal", () => {
  test.each([
    [
      ["agents", "suspend", "-l", "a=b", "--drain", "5m", "--cascade", "--hold", "--wait", ...REASON],
      `dome agents suspend --label a=b --drain 300s --cascade --hold ${WORD} --wait --yes`,
    ],
    [["agents", "suspend", "-l", "a=b", "--drain", "0"], "dome agents suspend --label a=b --drain 0s --yes"],
    [
      ["agents", "revoke", "--owner", "ada", "--workspace", "w", "--cascade", ...REASON],
      `dome agents revoke --owner ada --workspace w --cascade ${WORD} --yes`,
    ],
    [
      ["agents", "revoke", "bot", "--workspace", "w", "--drain", "1h", "--hold", "--wait", ...REASON],
      `dome agents revoke bot --workspace w --drain 3600s --hold ${WORD} --wait --yes`,
    ],
    [
      ["agents", "activate", "--steward", "ada", ...REASON],
      `dome agents activate --steward ada ${WORD} --yes`,
    ],
    [
      ["agents", "suspend", "-l", "a=b", "-A", "--wait", ...REASON],
      `dome agents suspend --label a=b -A ${WORD} --wait --yes`,
    ],
    [["workspaces", "halt", "w", "--wait", ...REASON], `dome workspaces halt w ${WORD} --wait --yes`],
    [
      ["agents", "transfer", "--from", "bob", "--to", "carol", "-A", ...REASON],
      `dome agents transfer --from bob --to carol -A ${WORD} --yes`,
    ],
  ])("%j: names the whole command", async (words, next) => {
    const { exit, stderr } = await dome(words, { replies: [listed()] });
    expect(exit).toBe(2);
    expect(stderr).toContain(`\nnext: ${next}\n`);
  });

  test("keeps the context behind a reason with an apostrophe: without it the command stops another service's agent", async () => {
    const words = ["agents", "revoke", "bot", "--reason", "it's", "--context", "other"];
    const { stderr } = await dome(words, { home: homeWithContexts(), env: {} });
    expect(stderr).toContain(
      `\nnext: ${String.raw`dome agents revoke bot --reason 'it'\''s' --yes --context other`}\n`,
    );
  });
});

test("the stop that cuts a drain short is the same stop without the drain", async () => {
  const deadline = "2026-11-23T09:05:00.000Z";
  const draining = { deadline, then: "suspended", halt: HALT_ID, hold: true } as const;
  const words = ["agents", "suspend", "bot", "--drain", "5m", "--cascade", "--hold", ...REASON];
  const { stderr } = await dome(words, {
    replies: [json(202, transition({ state: "active", draining, effective_in_ms: 302_500, halt: null }))],
  });
  expect(stderr).toBe(
    `to cancel: dome agents activate bot; to stop now: dome agents suspend bot --cascade --hold ${WORD}\n`,
  );
});

test.each([
  [
    "tools add-secret zendesk --workspace w",
    "dome tools add-secret zendesk --workspace w --secret-env VARIABLE",
  ],
  [
    "idp test okta --workspace w --agent bot",
    "dome idp test okta --workspace w --agent bot --token-file FILE",
  ],
  [
    "tools refresh orders --workspace w --openapi https://orders.example.com/openapi.json",
    "dome tools update orders --workspace w --openapi URL",
  ],
  [`explain ${RECORD} --workspace w`, `dome audit show ${RECORD} --workspace w`],
  ["audit show record --workspace w", "dome audit list --workspace w"],
  ["audit list --user ada --workspace w", "dome users list -A"],
])(
  "dome %s: names the command for the same workspace, in which the names mean the same things",
  async (words, next) => {
    const { exit, stderr } = await dome(words.split(" "));
    expect(exit).toBe(2);
    expect(stderr).toContain(`\nnext: ${next}\n`);
  },
);

test.each([
  [["tools", "add-secret", "a b"], "dome tools add-secret 'a b' --secret-env VARIABLE"],
  [["idp", "test", "a b", "--agent", "c;d"], "dome idp test 'a b' --agent 'c;d' --token-file FILE"],
  [["workspaces", "update", "a b"], "dome workspaces update 'a b' --description TEXT"],
  [["agents", "revoke", "bot", "--workspace", "a b"], "dome agents revoke bot --workspace 'a b' --yes"],
])("%j: quotes the names in the command, which no service has checked", async (words, next) => {
  const { exit, stderr } = await dome(words);
  expect(exit).toBe(2);
  expect(stderr).toContain(`\nnext: ${next}\n`);
});
