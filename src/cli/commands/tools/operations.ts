/** `dome tools refresh`, `operations`, `diff` and `approve`: the operations of the server behind a tool, and their approval. */
import { Option, type Command } from "commander";
import type { Tool } from "../../../contract/catalog.ts";
import type { ToolOperation, ToolRefreshed } from "../../../contract/tool-operation.ts";
import { defined } from "../../../kernel/defined.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { evenIfPoliciesBreakOption, inWorkspace, workspaceOption } from "../../option-values.ts";
import { clean, fields, type Cell, type Style } from "../../output.ts";
import { shownPage, takePage, withPaging, type Paging } from "../../paging.ts";
import type { Session } from "../../session.ts";
import { table } from "../../table.ts";
import { showOnce } from "../../watch.ts";
import { operationText, STATES } from "./definition-text.ts";
import { givenDocument, readOpenapi } from "./openapi.ts";

interface InWorkspace {
  readonly workspace?: string;
}

/** Of a command that changes what policies name. */
interface Changing extends InWorkspace {
  readonly evenIfPoliciesBreak?: boolean;
}

export const refreshCommand = (session: Session): Command =>
  verb({
    name: "refresh",
    summary: "List the operations of a tool's server, and quarantine those that differ",
    description:
      "List the operations of the MCP server behind a tool, or those of the OpenAPI document of an HTTP tool. The first time, Dome " +
      "pins all of them. Later, Dome quarantines each operation that differs from its approved definition, and refuses calls to it " +
      "until you approve it.",
    examples: ["dome tools refresh zendesk", "dome tools refresh orders --openapi orders.openapi.json"],
  })
    .argument("<tool>", "the tool")
    .option("--openapi <file>", "the OpenAPI document, where an operator gives it: JSON or YAML")
    .addOption(workspaceOption())
    .addOption(evenIfPoliciesBreakOption())
    .action(async (name: string, { openapi, ...changing }: Changing & { readonly openapi?: string }) => {
      const { workspace } = changing;
      const given = await readOpenapi(openapi);
      if (given?.kind === "url")
        throw usage(
          "--openapi takes a file here; the URL of a document belongs to the tool's entry",
          `dome tools update ${shellWord(name)}${inWorkspace(workspace)} --openapi URL`,
        );
      const service = await session.controlPlane();
      const refreshed = await service.toolOperations.refresh(name, givenDocument(given), changing);
      session.output.show({
        body: refreshed,
        ids: refreshed.quarantined.map((each) => each.name),
        text: () => refreshText(session.output.style, refreshed),
      });
      const waiting = refreshed.quarantined.find(({ why }) => why !== "gone");
      if (waiting !== undefined)
        session.output.next(
          `dome tools diff ${shellWord(name)} ${shellWord(waiting.name)}${inWorkspace(workspace)}`,
        );
    });

/** It can be called all the same: a client of a model API leaves it out, or gives it a name of its own. */
export const modelNameText = (operation: string, why: string): string =>
  `warning: a model may not be offered ${clean(operation)}: it ${clean(why)}`;

export const refreshText = (
  style: Style,
  { tool, era, pinned, quarantined, restored, unusable, not_for_models }: ToolRefreshed,
): string =>
  [
    fields(style, [
      ["tool", tool],
      ...(era === null ? [] : ([["era", era]] as const)),
      ["pinned", pinned],
      ["quarantined", quarantined.length],
    ]),
    ...restored.map((each) => `${clean(each)} is allowed again: the server lists what was approved`),
    ...quarantined.map((each) => `${clean(each.name)} is quarantined: ${STATES[each.why]}`),
    ...unusable.map((each) => `${clean(each.name)} cannot be used: it ${clean(each.why)}`),
    ...not_for_models.map((each) => modelNameText(each.name, each.why)),
  ].join("\n");

export const operationsCommand = (session: Session): Command =>
  withPaging(
    verb({
      name: "operations",
      summary: "List the pinned and quarantined operations of a tool",
      examples: ["dome tools operations zendesk"],
    }).argument("<tool>", "the tool"),
    "operations",
  )
    .addOption(workspaceOption())
    .action(async (name: string, { workspace, ...paging }: InWorkspace & Paging, command: Command) => {
      const { toolOperations, tools } = await session.controlPlane();
      const taken = await takePage(toolOperations.list(name, workspace), paging);
      if (taken.items.length === 0 && paging.cursor === undefined)
        tellUnpinned(session, await tools.show(name, workspace), workspace);
      showOnce(
        session,
        shownPage(session, command, taken, {
          id: (each) => each.name,
          text: operationTable,
          wide: wideTable,
        }),
      );
      tellUnusable(session, taken.items, workspace);
      tellWaiting(session, name, taken.items, workspace);
    });

/** Calls of these are denied whatever their arguments. Another schema in the tool's entry mends it, where it can. */
function tellUnusable(
  { output }: Session,
  operations: readonly ToolOperation[],
  workspace: string | undefined,
): void {
  const [first, ...more] = operations.filter(({ unusable }) => unusable !== null);
  if (first === undefined) return;
  for (const { name, unusable } of [first, ...more])
    output.note(`Calls of ${clean(name)} are denied: the operation ${clean(unusable ?? "")}.`);
  if (more.length === 0)
    output.next(
      `dome tools update ${shellWord(first.tool)}${inWorkspace(workspace)} --schema ${shellWord(`${first.name}=FILE`)}`,
    );
}

/** What to look at first of what waits: a listing of the new server, where none has been since the tool moved. */
function tellWaiting(
  { output }: Session,
  name: string,
  operations: readonly ToolOperation[],
  workspace: string | undefined,
): void {
  const at = shellWord(name);
  const waiting = operations.find(({ why }) => why !== null && why !== "gone");
  if (waiting === undefined) return;
  const isUnlisted = operations.some((each) => isToBeListed(each));
  if (isUnlisted) output.note(MOVED);
  output.next(
    isUnlisted
      ? `dome tools refresh ${at}${inWorkspace(workspace)}`
      : `dome tools diff ${at} ${shellWord(waiting.name)}${inWorkspace(workspace)}`,
  );
}

const MOVED =
  "The tool has another address since its operations were approved. Refresh it, then approve what its server lists there.";

const isToBeListed = ({ why, pending_hash }: ToolOperation): boolean =>
  why === "moved" && pending_hash === null;

/** Nothing is pinned: says which operations calls may have, for nobody else in this list does. */
function tellUnpinned(
  { output }: Session,
  { name, kind, operations, openapi }: Tool,
  workspace: string | undefined,
): void {
  const lists = kind === "mcp" || openapi !== null;
  const said = lists
    ? "so calls are denied until you refresh it"
    : operations === null
      ? "and calls may use any operation"
      : operations.length === 0
        ? "and its catalog entry allows no operation"
        : `and its catalog entry declares: ${operations.map(clean).join(", ")}`;
  output.note(`No operation of ${clean(name)} is pinned, ${said}.`);
  if (lists) output.next(`dome tools refresh ${shellWord(name)}${inWorkspace(workspace)}`);
}

const COLUMNS = ["NAME", "STATE", "WHY", "READ ONLY", "DESTRUCTIVE", "APPROVED", "BY"];
const WIDE_COLUMNS = [...COLUMNS, "HASH", "WAITING"];

const cells = (operation: ToolOperation, approved: Cell): Cell[] => [
  operation.name,
  operation.state,
  operation.why ?? (operation.unusable === null ? null : "not callable"),
  operation.read_only ? "yes" : "no",
  operation.destructive ? "yes" : "no",
  approved ?? "never",
  operation.approved_by,
];

const operationTable = (style: Style, operations: readonly ToolOperation[]): string =>
  table(
    style,
    COLUMNS,
    operations.map((each) => cells(each, style.ago(each.approved_at))),
  );

const wideTable = (style: Style, operations: readonly ToolOperation[]): string =>
  table(
    style,
    WIDE_COLUMNS,
    operations.map((each) => [...cells(each, style.clock(each.approved_at)), each.hash, each.pending_hash]),
  );

export const diffCommand = (session: Session): Command =>
  verb({
    name: "diff",
    summary: "Show the definition of an operation, and how it differs from the approved one",
    description:
      "Show the definition of an operation: its description, schemas and annotations, for HTTP its method and path. If another one " +
      "waits for approval, show that, and the differences in words and as a diff.",
    examples: ["dome tools diff zendesk search"],
  })
    .argument("<tool>", "the tool")
    .argument("<operation>", "the operation")
    .addOption(workspaceOption())
    .action(async (name: string, operation: string, { workspace }: InWorkspace) => {
      const shown = await (await session.controlPlane()).toolOperations.show(name, operation, workspace);
      const { output } = session;
      output.show({ body: shown, ids: [shown.name], text: () => operationText(output.style, shown) });
      const waiting = shown.pending_hash;
      if (isToBeListed(shown)) output.next(`dome tools refresh ${shellWord(name)}${inWorkspace(workspace)}`);
      if (waiting !== null && shown.why !== "gone")
        output.next(
          `dome tools approve ${shellWord(name)} ${shellWord(operation)}${inWorkspace(workspace)} --hash ${waiting}`,
        );
    });

export const approveCommand = (session: Session): Command =>
  verb({
    name: "approve",
    summary: "Approve the definition of an operation, or change its review",
    description:
      "Approve the waiting definition of an operation, if it still has this hash. The server's own statement that an operation is " +
      "read-only or destructive is only a hint; Dome uses your review.",
    examples: [
      "dome tools approve zendesk search --hash HASH --read-only",
      "dome tools approve zendesk search --hash HASH --even-if-policies-break",
    ],
  })
    .argument("<tool>", "the tool")
    .argument("<operation>", "the operation")
    .requiredOption("--hash <hash>", "the hash of the definition that you reviewed; see dome tools diff")
    .addOption(new Option("--read-only", "the operation changes nothing").conflicts("changes"))
    .addOption(new Option("--changes", "the operation changes something"))
    .addOption(new Option("--destructive", "the operation may destroy something").conflicts("harmless"))
    .addOption(new Option("--harmless", "the operation destroys nothing"))
    .addOption(workspaceOption())
    .addOption(evenIfPoliciesBreakOption())
    .action(async (name: string, operation: string, options: Changing & Reviewed) => {
      const { hash, workspace, readOnly, changes, destructive, harmless } = options;
      const body = defined({
        hash,
        read_only: either(readOnly, changes),
        destructive: either(destructive, harmless),
      });
      const service = await session.controlPlane();
      const approved = await service.toolOperations.approve(name, operation, body, options);
      session.output.show({
        body: approved,
        ids: [approved.name],
        text: () => `Pinned ${approved.tool}/${approved.name}.`,
      });
      tellUnusable(session, [approved], workspace);
    });

/** The value of a pair of opposite options; undefined when neither is given. */
const either = (yes: true | undefined, no: true | undefined): boolean | undefined =>
  yes ?? (no === true ? false : undefined);

interface Reviewed {
  readonly hash: string;
  readonly readOnly?: true;
  readonly changes?: true;
  readonly destructive?: true;
  readonly harmless?: true;
}
