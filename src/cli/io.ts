/** The environment of a command: streams, variables, time, network. Tests pass their own. */
import type { Clock, Timers } from "../kernel/clock.ts";
import type { Random } from "../kernel/random.ts";

export interface Sink {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Width in characters; absent when it is not a terminal. */
  readonly columns?: number | undefined;
}

/** The variables that the command line reads, and no others. */
export interface Environment {
  readonly DOME_URL?: string | undefined;
  readonly DOME_TOKEN?: string | undefined;
  readonly DOME_AGENT_KEY?: string | undefined;
  readonly DOME_WORKSPACE?: string | undefined;
  readonly DOME_STATE_DIR?: string | undefined;
  readonly XDG_CONFIG_HOME?: string | undefined;
  readonly HOME?: string | undefined;
  readonly NO_COLOR?: string | undefined;
  readonly TERM?: string | undefined;
}

export interface Input {
  readonly isTTY: boolean;
  /** Everything up to the end of the input. */
  read(): Promise<string>;
  /** One line from the terminal. The question goes to stderr; a secret answer is not shown while it is typed. */
  ask(question: string, secret: boolean): Promise<string>;
}

export interface Io {
  readonly env: Environment;
  /** A variable of the environment that a person names on the command line. */
  readonly variable: (name: string) => string | undefined;
  readonly stdin: Input;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /**
   * Calls back when a person interrupts the program (Ctrl-C), which then ends.
   * @returns a function that removes the callback.
   */
  readonly onInterrupt: (tell: () => void) => () => void;
  /**
   * The reader's time zone, a name of the IANA time zone database. It is a function, because the first use of `Intl`
   * takes as long as the rest of the start.
   */
  readonly timeZone: () => string;
  /** Version of this program. */
  readonly version: string;
}
