/** What an agent's streams hear of its workspace, by what its object has heard before. */
import { describe, expect, it } from "vitest";
import { hear, hearAtDoor } from "../../../src/objects/agent-hearing.ts";
import type { WorkspaceWord } from "../../../src/operations/owners/workspace-owner.ts";

type Parts = Parameters<typeof hear>[0];
interface Heard {
  readonly haltEpoch: number;
  readonly catalog: number;
  readonly halted: boolean;
}

function hearing(before: Heard | null) {
  let heard = before;
  let written = 0;
  const told: string[] = [];
  const parts = {
    deps: { clock: { now: () => 1 } },
    events: { append: (type: string) => told.push(type) },
    timerTable: { ensure: () => undefined },
    heard: {
      find: () => heard,
      put: (row: Heard) => {
        heard = row;
        written += 1;
      },
    },
  } as unknown as Parts;
  return { parts, after: () => ({ told, heard, written }) };
}

const halt = (haltEpoch: number, halted: boolean): WorkspaceWord => ({ kind: "halt", haltEpoch, halted });
const open = (haltEpoch: number): Heard => ({ haltEpoch, catalog: 7, halted: false });
const halted = (haltEpoch: number): Heard => ({ haltEpoch, catalog: 7, halted: true });

describe("the workspace tells an agent", () => {
  it.each<[string, Heard | null, WorkspaceWord, readonly string[], Heard | null]>([
    ["a halt", open(1), halt(2, true), ["workspace.halted"], halted(2)],
    ["the same halt again: once", halted(2), halt(2, true), [], halted(2)],
    [
      "a halt that is over: as a halt, whose resume is to come",
      open(1),
      halt(3, false),
      ["workspace.halted"],
      halted(2),
    ],
    ["a resume", halted(2), halt(3, false), ["workspace.resumed"], open(3)],
    ["another halt, after a resume that was missed: nothing new", halted(2), halt(4, true), [], halted(4)],
    ["what is older than it knows: nothing", open(3), halt(2, true), [], open(3)],
    [
      "a change of the catalog",
      open(1),
      { kind: "surface", catalog: 8 },
      ["surface.updated"],
      { ...open(1), catalog: 8 },
    ],
    ["a change that it knows: nothing", open(1), { kind: "surface", catalog: 7 }, [], open(1)],
    ["anything, before a stream was opened: nothing", null, halt(2, true), [], null],
  ])("%s", (_what, before, word, told, heard) => {
    const { parts, after } = hearing(before);
    hear(parts, word);
    const unchanged = JSON.stringify(heard) === JSON.stringify(before);
    expect(after()).toEqual({ told, heard, written: unchanged ? 0 : 1 });
  });
});

describe("a door opens", () => {
  it.each<[string, Heard | null, number, number, boolean, readonly string[], Heard]>([
    ["the first stream of all", null, 4, 9, false, [], { haltEpoch: 4, catalog: 9, halted: false }],
    ["the first since a halt", halted(2), 3, 9, false, ["workspace.resumed"], { ...open(3), catalog: 9 }],
    ["one without knowing of the halt yet", halted(2), 1, 7, false, [], halted(2)],
    [
      "the first since moves that nobody was there to hear",
      open(1),
      5,
      9,
      false,
      [],
      { ...open(5), catalog: 9 },
    ],
    ["one more: those before it are still to hear of the catalog", open(1), 1, 9, true, [], open(1)],
    ["one as before", open(1), 1, 7, false, [], open(1)],
  ])("%s", (_what, before, haltEpoch, catalog, others, told, heard) => {
    const { parts, after } = hearing(before);
    hearAtDoor(parts, { haltEpoch, catalog }, others);
    const unchanged = JSON.stringify(heard) === JSON.stringify(before);
    expect(after()).toEqual({ told, heard, written: unchanged ? 0 : 1 });
  });
});
