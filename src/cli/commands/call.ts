/** `dome call`: calls an operation of a tool through its door, as the agent. A denial is exit code 3. */
import { defined } from "../../kernel/defined.ts";
import type { Command } from "commander";
import { pinnedRequest } from "../../contract/pinned-request.ts";
import { readAgentCredential } from "../agent-credential.ts";
import { verb, type Title } from "../command.ts";
import { CommandFailure, EXIT, usage } from "../exit.ts";
import { buildRequest, undescribedRequest, type BuiltRequest, type CallArguments } from "../http-request.ts";
import { mcpRequest, responseIn } from "../mcp-request.ts";
import type { RpcResponse } from "../../mcp/message.ts";
import { clean } from "../output.ts";
import { agentKeyFileOption, jsonObject, workspaceOption } from "../option-values.ts";
import type { Session } from "../session.ts";
import { oneStdin, readTokenFile } from "../token-file.ts";

interface CallOptions {
  readonly args?: CallArguments;
  readonly actAs?: string;
  readonly keyFile?: string;
  readonly workspace?: string;
}

export const callCommand = (session: Session, title: Title): Command =>
  verb({
    ...title,
    description:
      "Call an operation of a tool through Dome, as an agent, whose credential is read from DOME_AGENT_KEY or --key-file. The " +
      "call is decided, recorded and sent as one of the agent itself. An operation of an MCP server, or one that an OpenAPI " +
      "document describes, is looked up with your operator token. Exit code 0: the tool has done it; 3: denied.",
    examples: [
      `dome call orders/getOrder --args '{"path":{"id":7}}'`,
      `dome call orders/addOrder --args '{"body":{"item":"book"}}' --key-file ./support-triage.key`,
      `dome call "crm/GET /tickets" --args '{"query":{"status":"open"}}'`,
      `dome call tickets/create_ticket --args '{"subject":"The printer smokes"}'`,
    ],
  })
    .argument("<what>", "<tool>/<operation>")
    .option(
      "--args <json>",
      "the arguments: of an MCP tool as it takes them; of an HTTP tool an object with path, query, header, and body, form or parts",
      jsonObject,
    )
    .option("--act-as <file>", "for the user whose ID token is in this file; - for stdin")
    .addOption(workspaceOption())
    .addOption(agentKeyFileOption())
    .action((what: string, options: CallOptions) => call(session, what, options));

async function call(session: Session, what: string, options: CallOptions): Promise<void> {
  const at = what.indexOf("/");
  const [tool, operation] = at < 1 ? [what, ""] : [what.slice(0, at), what.slice(at + 1)];
  if (operation === "") throw usage("name an operation", "dome call TOOL/OPERATION");
  oneStdin({ "--act-as": options.actAs, "--key-file": options.keyFile });
  const credential = await readAgentCredential(session.io, options.keyFile);
  const actAs =
    options.actAs === undefined ? undefined : await readTokenFile(session.io, options.actAs, "--act-as");
  const args = options.args ?? {};
  const undescribed = undescribedRequest(operation);
  const { door, request } =
    undescribed === null
      ? await lookedUp(session, { tool, operation, args, workspace: options.workspace })
      : { door: "tools" as const, request: buildRequest(undescribed, args) };
  const { method, path, headers, body } = request;
  const answer = await session.io
    .fetch(`${await session.agentUrl()}/${door}/${encodeURIComponent(tool)}${path}`, {
      method,
      headers: {
        ...headers,
        authorization: `Bearer ${credential}`,
        "user-agent": `dome-cli/${session.io.version}`,
        ...defined({ "dome-act-as": actAs }),
      },
      body,
      redirect: "manual",
    })
    .catch(() => {
      throw new CommandFailure(EXIT.failed, "the service cannot be reached, or has ended the connection");
    });
  await (door === "mcp" ? tellMcp : tell)(session, answer);
}

interface Asked {
  readonly tool: string;
  readonly operation: string;
  readonly args: CallArguments;
  readonly workspace: string | undefined;
}

/** How the operation is called, from its approved definition. */
async function lookedUp(
  session: Session,
  { tool, operation, args, workspace }: Asked,
): Promise<{ readonly door: "tools" | "mcp"; readonly request: BuiltRequest }> {
  const { toolOperations } = await session.controlPlane();
  const { definition } = await toolOperations.show(tool, operation, workspace);
  const inputSchema = definition?.["inputSchema"];
  if (definition?.["request"] === undefined && inputSchema !== undefined)
    return { door: "mcp", request: mcpRequest(operation, inputSchema, args) };
  const read = pinnedRequest.safeParse(definition?.["request"]);
  if (!read.success) {
    throw usage(`${tool}/${operation} has no approved definition`, `dome tools diff ${tool} ${operation}`);
  }
  if (read.data.refused !== undefined)
    throw usage(`${tool}/${operation} cannot be called through Dome: it ${read.data.refused}`);
  return { door: "tools", request: buildRequest(read.data, args) };
}

/** The response of an MCP server, or a refusal; on stderr the decision. */
async function tellMcp(session: Session, answer: Response): Promise<void> {
  const { output } = session;
  const text = await answer.text();
  const response = responseIn(text, answer.headers.get("content-type"));
  const decision = answer.headers.get("dome-decision-id");
  output.note(`${answer.status}${decision === null ? "" : `  ${decision}`}`);
  if (response === null)
    throw new CommandFailure(EXIT.failed, "the answer has no response: the stream has ended early");
  const { outcome } = response;
  const body = "result" in outcome ? outcome.result : outcome.error;
  output.show({
    body: { status: answer.status, decision_id: decision, body },
    ids: decision === null ? [] : [decision],
    text: () => ("result" in outcome ? contentText(outcome.result) : outcome.error.message),
  });
  const isDenied = decision !== null && isDeny(outcome);
  if (isDenied) output.next(`dome explain ${decision}`);
  if (answer.status === 401) session.end(EXIT.notAuthenticated);
  else if (isDenied) session.end(EXIT.denied);
  else if (!("result" in outcome) || outcome.result["isError"] === true) session.end(EXIT.failed);
}

/** A denied call is a result with the decision beside it. */
function isDeny(outcome: RpcResponse["outcome"]): boolean {
  if (!("result" in outcome)) return false;
  const decision = membersOf(membersOf(outcome.result["_meta"])["dome/decision"]);
  return decision["decision"] === "deny";
}

/** The texts of a result that has nothing else; of any other one, all of it. */
function contentText(result: Readonly<Record<string, unknown>>): string {
  const content = Array.isArray(result["content"]) ? result["content"].map(membersOf) : [];
  const texts = content.flatMap(({ type, text }) =>
    type === "text" && typeof text === "string" ? [text] : [],
  );
  return texts.length > 0 && texts.length === content.length
    ? texts.map(clean).join("\n")
    : JSON.stringify(result, null, 2);
}

const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

/** The answer as it is; on stderr its status and decision. */
async function tell(session: Session, answer: Response): Promise<void> {
  const { output } = session;
  const text = await answer.text();
  const json = parsed(text);
  // An answer of the server has the header; a problem of Dome itself says its decision in its body.
  const forwarded = answer.headers.get("dome-decision-id");
  const decision = forwarded ?? memberOf(json, "decision_id");
  output.note(`${answer.status}${decision === null ? "" : `  ${decision}`}`);
  output.show({
    body: { status: answer.status, decision_id: decision, body: json ?? text },
    ids: decision === null ? [] : [decision],
    text: () => (json === undefined ? text : JSON.stringify(json, null, 2)),
  });
  const code = memberOf(json, "code");
  const isDenied =
    forwarded === null && decision !== null && (code === "denied" || code === "arguments_invalid");
  if (isDenied) output.next(`dome explain ${decision}`);
  if (forwarded === null && answer.status === 401) session.end(EXIT.notAuthenticated);
  else if (isDenied) session.end(EXIT.denied);
  else if (answer.status >= 400) session.end(EXIT.failed);
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // a SyntaxError: the answer is no JSON
  }
};

function memberOf(json: unknown, name: string): string | null {
  if (typeof json !== "object" || json === null || !Object.hasOwn(json, name)) return null;
  const value = (json as Readonly<Record<string, unknown>>)[name];
  return typeof value === "string" ? value : null;
}
