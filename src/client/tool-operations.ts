/** The operations of the server behind a tool: lists, compares and approves them. */
import {
  toolOperation,
  toolOperationDetail,
  toolOperationList,
  toolRefreshed,
  toolTest,
  type OperationApproval,
  type ToolOperation,
  type ToolOperationDetail,
  type ToolRefresh,
  type ToolRefreshed,
  type ToolTest,
} from "../contract/tool-operation.ts";
import { queryOf, type ChangeOptions } from "./catalog.ts";
import { Listing } from "./listing.ts";
import { route, type Transport } from "./transport.ts";

export class ToolOperations {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Lists the server. The first time, all operations are pinned; later, each one that differs is quarantined.
   * @param given the OpenAPI document of a tool whose document is `given`.
   */
  refresh(tool: string, given: ToolRefresh = {}, change: ChangeOptions = {}): Promise<ToolRefreshed> {
    const options = { body: given, query: queryOf(change) };
    return this.#transport.change("POST", route`/api/v1/tools/${tool}/refresh`, toolRefreshed, options);
  }

  /** Tries address, credential, server and operations; changes nothing. */
  test(tool: string, workspace?: string): Promise<ToolTest> {
    const path = route`/api/v1/tools/${tool}/test`;
    return this.#transport.change("POST", path, toolTest, { query: { workspace } });
  }

  /** The operations, sorted by name. */
  list(tool: string, workspace?: string): Listing<ToolOperation> {
    return new Listing((cursor, size) =>
      this.#transport.read(route`/api/v1/tools/${tool}/operations`, toolOperationList, {
        workspace,
        limit: size,
        cursor,
      }),
    );
  }

  show(tool: string, operation: string, workspace?: string): Promise<ToolOperationDetail> {
    const path = route`/api/v1/tools/${tool}/operations/${operation}`;
    return this.#transport.read(path, toolOperationDetail, { workspace });
  }

  approve(
    tool: string,
    operation: string,
    body: OperationApproval,
    change: ChangeOptions = {},
  ): Promise<ToolOperation> {
    const path = route`/api/v1/tools/${tool}/operations/${operation}/approve`;
    return this.#transport.change("POST", path, toolOperation, { body, query: queryOf(change) });
  }
}
