/** `dome context use` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { contextNamed, readContexts, withContext, writeContexts, type Context } from "../../config.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";

interface UseOptions {
  readonly workspace?: string | false;
}

const WORKSPACE = /^[a-z0-9][a-z0-9-]{0,62}$/;

export const useCommand = (session: Session): Command =>
  verb({
    name: "use",
    summary: "Choose the service that commands use",
    description:
      "Choose the service that commands use, and the default of --workspace for it. Without --workspace or --no-workspace, " +
      "the earlier choice of a workspace stays.",
    examples: ["dome context use local", "dome context use staging --workspace support"],
  })
    .argument("<name>", "name of a saved service")
    .option("--workspace <name>", "the default of --workspace in this context")
    .option("--no-workspace", "forget the workspace")
    .action(async (name: string, options: UseOptions) => {
      const contexts = await readContexts(session.io.env);
      const context = contextNamed(contexts, name);
      if (context === undefined) {
        throw new CommandFailure(EXIT.failed, `there is no context "${name}"`, "dome context list");
      }
      const chosen = inWorkspace(context, options.workspace);
      await writeContexts(session.io, withContext(contexts, name, chosen));
      const { url, workspace } = chosen;
      session.output.show({
        body: { name, url, workspace: workspace ?? null, current: true },
        ids: [name],
        text: () =>
          `Commands now use ${url}${workspace === undefined ? "" : `, in workspace ${clean(workspace)}`}.`,
      });
      const { DOME_URL, DOME_WORKSPACE } = session.io.env;
      if (DOME_URL) session.output.note("DOME_URL is set and overrides the context.");
      if (DOME_WORKSPACE) session.output.note("DOME_WORKSPACE is set and overrides the context's workspace.");
    });

/** @param wanted false: `--no-workspace`; undefined: as it was. */
function inWorkspace(
  { url, token, workspace: before }: Context,
  wanted: string | false | undefined,
): Context {
  const workspace = wanted === false ? undefined : (wanted ?? before);
  if (workspace === undefined) return { url, token };
  if (!WORKSPACE.test(workspace)) throw usage(`"${workspace}" is not the name of a workspace`);
  return { url, token, workspace };
}
