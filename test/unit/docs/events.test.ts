/** The page on events: its types, its bounds and its examples are the code's. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  AGENT_EVENTS,
  agentEvent,
  EVENTS_KEPT,
  EVENTS_KEPT_MS,
  HEARTBEAT_MS,
  MOST_STREAMS,
  type AgentEvent,
} from "../../../src/contract/agent-event.ts";
import { MOST_EXPLAINED } from "../../../src/contract/check.ts";
import {
  LATE_REPORTS_MS,
  MOST_EVENT_ID,
  MOST_REPORTED,
  MOST_REPORTED_BYTES,
  reportedEventOf,
} from "../../../src/contract/reported-event.ts";
import { MOST_TRIES, MOST_WATCHERS } from "../../../src/objects/watcher-table.ts";
import { bare, read, rowsOf } from "./markdown.ts";

const PAGE = read("docs/events.md");
const BOUNDS = {
  EVENTS_KEPT_MS,
  EVENTS_KEPT,
  MOST_STREAMS,
  MOST_WATCHERS,
  MOST_TRIES,
  HEARTBEAT_MS,
  LATE_REPORTS_MS,
  MOST_REPORTED,
  MOST_REPORTED_BYTES,
  MOST_EVENT_ID,
  MOST_EXPLAINED,
};

describe("the page on events", () => {
  it("lists every type of event once, with what it says in the code", () => {
    const rows = rowsOf(PAGE, "type", "what it says").map(([type, what]) => [bare(type), what]);
    expect(rows).toEqual(Object.entries(AGENT_EVENTS));
  });

  it("states the bounds of the code", () => {
    const rows = rowsOf(PAGE, "constant", "value").map(([name, value]) => [bare(name), Number(bare(value))]);
    expect(rows).toEqual(Object.entries(BOUNDS));
  });

  it("shows events that a reader of the schema takes, with nothing in them that it does not know", () => {
    const shown = [...PAGE.matchAll(/^data: (.*)$/gm)].map(([, json = ""]) => JSON.parse(json) as AgentEvent);
    expect(shown.map(({ type }) => type)).toEqual(["state", "agent.draining", "agent.suspended"]);
    for (const event of shown) expect(agentEvent.parse(event)).toEqual(event);
  });

  it("shows a report that the schema takes", () => {
    const [, json = ""] = /^(\{"events":\[[\s\S]*?\]\})$/m.exec(PAGE) ?? [];
    const { events } = z
      .object({ events: z.array(z.looseObject({ kind: z.string() })) })
      .parse(JSON.parse(json));
    expect(events.length).toBeGreaterThan(1);
    for (const event of events) expect(reportedEventOf(event.kind)?.parse(event)).toEqual(event);
  });
});
