/**
 * `dome agents tree`: shows parents, children and states. A child may act for its parent, and a cascading stop of the
 * parent stops it too.
 */
import type { Command } from "commander";
import type { Agent } from "../../../contract/agent.ts";
import { verb } from "../../command.ts";
import { workspaceOption } from "../../option-values.ts";
import { clean, type Style } from "../../output.ts";
import type { Session } from "../../session.ts";
import { treeText, type Branch } from "../../tree.ts";
import { stateOf } from "./view.ts";

interface Twig {
  readonly agent: Agent;
  readonly children: readonly Twig[];
}

export const treeCommand = (session: Session): Command =>
  verb({
    name: "tree",
    summary: "Show agents as a tree of parents and children, with their states",
    description:
      "Show agents as a tree of parents and children, with their states. With a name, only that agent and its descendants. " +
      "With --json, a list in which each agent follows its parent.",
    examples: ["dome agents tree", "dome agents tree support-triage"],
  })
    .argument("[agent]", "name or id of the agent at the root (default: all)")
    .addOption(workspaceOption())
    .action((agent: string | undefined, options: { workspace?: string }) => tree(session, agent, options));

async function tree(
  session: Session,
  name: string | undefined,
  { workspace }: { workspace?: string },
): Promise<void> {
  const service = await session.controlPlane();
  const root = name === undefined ? undefined : await service.agents.show({ agent: name, workspace });
  const { items } = await service.agents.list({ workspace: root?.workspace ?? workspace }).take();
  const grown = grow(items, root);
  const flat = flatten(grown);
  const { output } = session;
  output.show({
    body: flat,
    ids: flat.map((agent) => agent.id),
    text: () => (grown.length === 0 ? "none" : treeText(grown.map((twig) => branch(output.style, twig)))),
  });
}

/**
 * Builds the tree. An agent whose parent the reader may not see is a root. Names are sorted, so that two runs agree.
 */
function grow(agents: readonly Agent[], root: Agent | undefined): readonly Twig[] {
  const seen = new Set(agents.map((agent) => agent.id));
  const children = new Map<string | null, Agent[]>();
  for (const agent of agents) {
    const siblings = children.get(agent.parent);
    if (siblings === undefined) children.set(agent.parent, [agent]);
    else siblings.push(agent);
  }
  const placed = new Set<string>();
  const twigs = (some: readonly Agent[]): Twig[] =>
    some
      .filter((agent) => !placed.has(agent.id))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((agent) => {
        placed.add(agent.id); // the service refuses cycles; the command must end even if there is one
        return { agent, children: twigs(children.get(agent.id) ?? []) };
      });
  if (root !== undefined) return twigs([root]);
  return twigs(agents.filter(({ parent }) => parent === null || !seen.has(parent)));
}

const flatten = (twigs: readonly Twig[]): Agent[] =>
  twigs.flatMap(({ agent, children }) => [agent, ...flatten(children)]);

const branch = (style: Style, { agent, children }: Twig): Branch => ({
  line: [style.strong(clean(agent.name)), paint(style, agent), clean(agent.tier), clean(agent.id)].join("  "),
  children: children.map((child) => branch(style, child)),
});

function paint(style: Style, agent: Agent): string {
  const state = clean(stateOf(agent));
  if (state === "active") return style.good(state);
  return state === "provisioned" ? state : style.bad(state);
}
