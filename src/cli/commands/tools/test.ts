/** `dome tools test`: tries what calls of a tool need, and says who failed. */
import type { Command } from "commander";
import type { ToolTest } from "../../../contract/tool-operation.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { verb } from "../../command.ts";
import { CommandFailure, EXIT } from "../../exit.ts";
import { inWorkspace, workspaceOption } from "../../option-values.ts";
import type { Style } from "../../output.ts";
import type { Session } from "../../session.ts";
import { table } from "../../table.ts";

export const testCommand = (session: Session): Command =>
  verb({
    name: "test",
    summary: "Try a tool: its address, credential, server and operations",
    description:
      "Call the server behind a tool with Dome's credential, and compare its operations with what was approved. Nothing is changed, " +
      "no secret is shown, and the test is recorded. Exit code 1: a step failed.",
    examples: ["dome tools test zendesk"],
  })
    .argument("<name>", "its name")
    .addOption(workspaceOption())
    .action(async (name: string, { workspace }: { readonly workspace?: string }) => {
      const service = await session.controlPlane();
      const tested = await service.toolOperations.test(name, workspace);
      const { output } = session;
      output.show({ body: tested, ids: [tested.name], text: () => stepTable(output.style, tested) });
      const failed = tested.steps.find((step) => !step.ok);
      if (failed === undefined) return;
      const at = `${shellWord(name)}${inWorkspace(workspace)}`;
      const needsAuth =
        failed.what === "credential" && (await service.tools.show(name, workspace)).auth.type === "none";
      const next = needsAuth ? `dome tools update ${at} --auth HOW` : NEXT[failed.what](at);
      const side = failed.who === "upstream" ? "the server" : "Dome";
      throw new CommandFailure(EXIT.failed, `${failed.what}: ${failed.detail} (${side} failed)`, next);
    });

const stepTable = (style: Style, { steps }: ToolTest): string =>
  table(
    style,
    ["STEP", "RESULT", "DETAIL"],
    steps.map((step) => [step.what, step.ok ? "ok" : "failed", step.detail]),
  );

const NEXT: Readonly<Record<ToolTest["steps"][number]["what"], (tool: string) => string>> = {
  address: (tool) => `dome tools update ${tool} --url URL`,
  credential: (tool) => `dome tools add-secret ${tool} --secret-file FILE`,
  server: (tool) => `dome tools show ${tool}`,
  operations: (tool) => `dome tools refresh ${tool}`,
};
