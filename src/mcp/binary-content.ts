/**
 * Where a message of a server has binary content in base64: images, sounds, and resources that are no text (2025-11-25
 * and 2026-07-28, `ContentBlock` and `BlobResourceContents`). A member of the same name at any other place is a text.
 */
import { pointerTo } from "../kernel/json-pointer.ts";
import { isObject } from "./json-members.ts";

type Path = readonly (string | number)[];

interface BinaryContent {
  /** The place as a JSON Pointer (RFC 6901). */
  readonly pointer: string;
  readonly text: string;
}

/** @param message parsed strictly. */
export function binaryContentIn(message: unknown): readonly BinaryContent[] {
  const { result, params } = membersOf(message);
  const { content, contents, messages, inputRequests } = membersOf(result);
  return [
    ...blocksIn(content, ["result", "content"]),
    ...itemsOf(contents).flatMap((each, at) => textIn(each, "blob", ["result", "contents", at])),
    ...messagesIn(messages, ["result", "messages"]),
    ...messagesIn(membersOf(params)["messages"], ["params", "messages"]),
    // 2026-07-28, "Multi Round-Trip Requests": what a server asks stands in a result.
    ...Object.entries(membersOf(inputRequests)).flatMap(([name, asked]) =>
      messagesIn(membersOf(membersOf(asked)["params"])["messages"], [
        "result",
        "inputRequests",
        name,
        "params",
        "messages",
      ]),
    ),
  ];
}

const messagesIn = (messages: unknown, path: Path): readonly BinaryContent[] =>
  itemsOf(messages).flatMap((each, at) => blocksIn(membersOf(each)["content"], [...path, at, "content"]));

/** One block, or a list of them. */
function blocksIn(content: unknown, path: Path): readonly BinaryContent[] {
  if (Array.isArray(content)) return content.flatMap((each, at) => blockIn(each, [...path, at]));
  return blockIn(content, path);
}

function blockIn(block: unknown, path: Path): readonly BinaryContent[] {
  const { type, resource, content } = membersOf(block);
  switch (type) {
    case "image":
    case "audio":
      return textIn(block, "data", path);
    case "resource":
      return textIn(resource, "blob", [...path, "resource"]);
    case "tool_result":
      return blocksIn(content, [...path, "content"]);
    default:
      return [];
  }
}

function textIn(value: unknown, name: string, path: Path): readonly BinaryContent[] {
  const text = membersOf(value)[name];
  return typeof text === "string" ? [{ pointer: pointerTo([...path, name]), text }] : [];
}

const membersOf = (value: unknown): Readonly<Record<string, unknown>> => (isObject(value) ? value : {});
const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
