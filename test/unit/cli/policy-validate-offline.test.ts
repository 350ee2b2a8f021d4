/** `dome policy validate` without a service. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { dome, newHome } from "./run-cli.ts";

const READS_ARGUMENTS = `@id("no-large-refunds")
forbid (principal, action, resource == Dome::LocalTool::"payments/refund")
when { context.arguments.amount > 100 };
`;
const NIGHT = `@id("night") forbid (principal, action, resource in Dome::Tool::"payment") when { context.time.hour > 22 };\n`;
const WORLD = `policies: {}
world:
  agents: { triage: }
  tools: { payments: { operations: { refund: { arguments: { type: object, properties: { amount: { type: integer } }, required: [amount] } } } } }
cases: [{ name: any, agent: triage, tool: payments, decision: allow }]
`;

async function validate(source: string, argv: readonly string[], world = WORLD) {
  const folder = newHome();
  writeFileSync(join(folder, "p.cedar"), source);
  writeFileSync(join(folder, "p.test.yaml"), world);
  const words = [
    "policy",
    "validate",
    join(folder, "p.cedar"),
    ...argv.map((word) => word.replace("@", `${folder}/`)),
  ];
  const { exit, stdout, stderr, requests } = await dome(words, { env: {} });
  expect(requests).toEqual([]);
  return { exit, stdout: stdout.replaceAll(`${folder}/`, ""), stderr: stderr.replaceAll(`${folder}/`, "") };
}

it("checks what can be known without one, and says what cannot", async () => {
  expect(await validate(READS_ARGUMENTS + NIGHT, ["--offline"])).toEqual({
    exit: 0,
    stdout: `p.cedar:1:1: no-large-refunds: The policy reads arguments, and nothing here says what they are, so it was only parsed.
  Check it with --world FILE, or without --offline. (warning)
2 policies, no fault.
`,
    stderr: "next: dome policy push p.cedar\n",
  });
  const { exit, stdout } = await validate(NIGHT.replace("time.hour", "time.houre"), ["--offline"]);
  expect(exit).toBe(1);
  expect(stdout).toMatch(/^p\.cedar:1:\d+: night: .*houre/);
});

it("refuses policies of the organization and of tiers that read arguments, as a push does", async () => {
  for (const scope of [["--organization"], ["--tier", "standard"]]) {
    const { exit, stdout } = await validate(READS_ARGUMENTS, ["--offline", ...scope]);
    expect(exit).toBe(1);
    expect(stdout).toContain(
      "nothing says what they are.\n  Push policies that read arguments to the workspace",
    );
  }
});

it("checks names and arguments against the world of a file with tests", async () => {
  expect((await validate(READS_ARGUMENTS, ["--world", "@p.test.yaml"])).stdout).toBe("1 policy, no fault.\n");
  const wrong = await validate(READS_ARGUMENTS.replace("amount", "amuont") + NIGHT, [
    "--world",
    "@p.test.yaml",
  ]);
  expect(wrong.exit).toBe(1);
  expect(wrong.stdout).toMatch(/^p\.cedar:3:8: no-large-refunds: .*\n {2}Did you mean `amount`\?\n/);
  expect(wrong.stdout).toContain(`night: There is no tool "payment".\n  Is Dome::Tool::"payments" meant?\n`);
});

it("says what is wrong in the file with the world", async () => {
  const { exit, stderr } = await validate(
    NIGHT,
    ["--world", "@p.test.yaml"],
    WORLD.replace("world:", "wrold:"),
  );
  expect(exit).toBe(2);
  expect(stderr).toMatch(/^error: p\.test\.yaml:1:1: /);
});
