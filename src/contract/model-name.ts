/**
 * The name under which a client offers an operation of an MCP server to a model: `TOOL__OPERATION` at the door of all
 * servers. APIs of models take fewer names than MCP does, so a client may have to leave out what is legal here.
 */

/** The longest name of a function that the APIs of models take, in characters. */
export const LONGEST_MODEL_NAME = 64;
const SEPARATOR = "__";

/** The longest name of a tool that leaves room for an operation of one character. */
export const LONGEST_MCP_TOOL = LONGEST_MODEL_NAME - SEPARATOR.length - 1;

/** @returns why APIs of models refuse the name, worded to follow "it"; null: they take it. */
export function modelNameFault(tool: string, operation: string): string | null {
  const name = tool + SEPARATOR + operation;
  if (name.length > LONGEST_MODEL_NAME)
    return `is ${name} at the door of all servers, with ${name.length} characters; model APIs take ${LONGEST_MODEL_NAME}`;
  return /^[\w-]*$/.test(name) ? null : "has a character that model APIs refuse; they take A-Z a-z 0-9 _ -";
}
