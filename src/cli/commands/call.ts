/** `dome call`: calls an operation of a tool through its door, as the agent. A denial is exit code 3. */
import { defined } from "../../kernel/defined.ts";
import type { Command } from "commander";
import { pinnedRequest } from "../../contract/pinned-request.ts";
import { shellWord } from "../../kernel/shell-word.ts";
import { readAgentCredential } from "../agent-credential.ts";
import { verb, type Title } from "../command.ts";
import { CommandFailure, EXIT, usage } from "../exit.ts";
import { buildRequest, undescribedRequest, type BuiltRequest, type CallArguments } from "../http-request.ts";
import { listRequest, mcpRequest, responseIn } from "../mcp-request.ts";
import type { RpcResponse } from "../../mcp/message.ts";
import { clean } from "../output.ts";
import { agentKeyFileOption, inWorkspace, jsonObject, workspaceOption } from "../option-values.ts";
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
      "call is decided, recorded and sent as one of the agent itself. An operation that an OpenAPI document describes is looked up " +
      "with your operator token. An operation of an MCP server is looked up the same way, or, without an operator token, in the " +
      "list of the tool's MCP door. Exit code 0: the tool has done it; 3: denied.",
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
  const asked = { tool, operation, args, workspace: options.workspace };
  const send: Send = (door, request) => sendTo(session, { door, tool, credential, actAs }, request);
  const { door, request } =
    undescribed !== null
      ? { door: "tools" as const, request: buildRequest(undescribed, args) }
      : (await session.hasOperator())
        ? await lookedUp(session, asked)
        : await listedByDoor(send, asked);
  await (door === "mcp" ? tellMcp : tell)(session, await send(door, request));
}

type Door = "tools" | "mcp";
type Send = (door: Door, request: BuiltRequest) => Promise<Response>;

interface Sender {
  readonly door: Door;
  readonly tool: string;
  readonly credential: string;
  /** The ID token of the user. */
  readonly actAs: string | undefined;
}

async function sendTo(
  session: Session,
  { door, tool, credential, actAs }: Sender,
  { method, path, headers, body }: BuiltRequest,
): Promise<Response> {
  const { io } = session;
  return io
    .fetch(`${await session.agentUrl()}/${door}/${encodeURIComponent(tool)}${path}`, {
      method,
      headers: {
        ...headers,
        authorization: `Bearer ${credential}`,
        "user-agent": `dome-cli/${io.version}`,
        ...defined({ "dome-act-as": actAs }),
      },
      body,
      redirect: "manual",
    })
    .catch(() => {
      throw new CommandFailure(EXIT.failed, "the service cannot be reached, or has ended the connection");
    });
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
): Promise<{ readonly door: Door; readonly request: BuiltRequest }> {
  const { toolOperations } = await session.controlPlane();
  const { definition } = await toolOperations.show(tool, operation, workspace);
  const inputSchema = definition?.["inputSchema"];
  if (definition?.["request"] === undefined && inputSchema !== undefined)
    return { door: "mcp", request: mcpRequest(operation, inputSchema, args) };
  const read = pinnedRequest.safeParse(definition?.["request"]);
  if (!read.success) {
    throw usage(
      `${tool}/${operation} has no approved definition`,
      `dome tools diff ${shellWord(tool)} ${shellWord(operation)}${inWorkspace(workspace)}`,
    );
  }
  if (read.data.refused !== undefined)
    throw usage(`${tool}/${operation} cannot be called through Dome: it ${read.data.refused}`);
  return { door: "tools", request: buildRequest(read.data, args) };
}

/** The pages of a list that are read at most. */
const MOST_PAGES = 100;

/**
 * How the operation is called, from the list of the tool's own MCP door: an agent may be alone with its key.
 * @throws CommandFailure when the door lists no such operation.
 */
async function listedByDoor(
  send: Send,
  { tool, operation, args }: Asked,
): Promise<{ readonly door: Door; readonly request: BuiltRequest }> {
  let cursor: unknown;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await send("mcp", listRequest(cursor));
    if (answer.status === 401) throw new CommandFailure(EXIT.notAuthenticated, NO_AGENT);
    const outcome = responseIn(await answer.text(), answer.headers.get("content-type"))?.outcome;
    const listed = outcome !== undefined && "result" in outcome ? outcome.result : {};
    const tools = Array.isArray(listed["tools"]) ? listed["tools"].map(membersOf) : [];
    const found = tools.find(({ name }) => name === operation);
    if (found !== undefined)
      return { door: "mcp", request: mcpRequest(operation, found["inputSchema"], args) };
    cursor = listed["nextCursor"];
    if (typeof cursor !== "string") break;
  }
  throw new CommandFailure(
    EXIT.failed,
    `the MCP door of ${tool} lists no ${operation} for this agent, and an operation of an HTTP tool is looked up with the token of an operator`,
    'set DOME_TOKEN too, or name the request: dome call "TOOL/METHOD /path"',
  );
}

const NO_AGENT = "the credential is not of an agent that may act";

/** The response of an MCP server, or a refusal; on stderr the decision. */
async function tellMcp(session: Session, answer: Response): Promise<void> {
  const { output } = session;
  const text = await answer.text();
  const response = responseIn(text, answer.headers.get("content-type"));
  const decision = answer.headers.get("dome-decision-id");
  const isDenied = response !== null && decision !== null && decisionIn(response.outcome) === decision;
  // The status is of the exchange, and says nothing of a decision that is told within the message.
  output.note(`${isDenied ? "denied" : answer.status}${decision === null ? "" : `  ${decision}`}`);
  if (response === null)
    throw new CommandFailure(EXIT.failed, "the answer has no response: the stream has ended early");
  const { outcome } = response;
  const body = "result" in outcome ? outcome.result : outcome.error;
  output.show({
    body: { status: answer.status, decision_id: decision, body },
    ids: decision === null ? [] : [decision],
    text: () => ("result" in outcome ? contentText(outcome.result) : outcome.error.message),
  });
  if (isDenied) output.next(`dome explain ${decision}`);
  if (answer.status === 401) session.end(EXIT.notAuthenticated);
  else if (isDenied) session.end(EXIT.denied);
  else if (!("result" in outcome) || outcome.result["isError"] === true) session.end(EXIT.failed);
}

/**
 * The id of the decision that denied the call: beside the result of a call, within an error. A server does not know the id,
 * so that it can claim no denial.
 */
function decisionIn(outcome: RpcResponse["outcome"]): unknown {
  if (!("result" in outcome)) {
    const data = membersOf(outcome.error.data);
    return data["code"] === "denied" ? data["decision_id"] : null;
  }
  const said = membersOf(membersOf(outcome.result["_meta"])["dome/decision"]);
  return said["decision"] === "deny" ? said["decision_id"] : null;
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
