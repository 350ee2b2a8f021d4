/** The services that the composition root gives the HTTP layer for one request. */
import type { TestToolPorts } from "../operations/test-tool.ts";
import type { DecisionPorts } from "../access/judge.ts";
import type { OperatorPorts } from "../access/operator.ts";
import type { HttpPorts } from "../gateway/http/call-http.ts";

import type { AggregatePorts } from "../gateway/mcp/all-request.ts";
import type { LegacyPorts } from "./mcp/ports.ts";
import type { RateCounters } from "./rate-limits.ts";
import type { DoorDialect } from "./dialects/dialect.ts";
import type { RefusedCredentials } from "../audit/refused.ts";
import type { Clock, Timers } from "../kernel/clock.ts";
import type { IdSource } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Result } from "../kernel/result.ts";
import type { TokenPorts } from "../oauth/ports.ts";
import type { EgressOperationPorts } from "../operations/request/ports.ts";
import type { TrialPorts } from "../operations/replay-decisions.ts";
import type { ReplayPorts } from "../operations/replay-dead-letters.ts";
import type { Installation } from "../operations/read-status.ts";
import type { AgentStreams } from "../operations/owners/agent-streams.ts";
import type { Unready } from "../operations/readiness.ts";

export interface Services {
  readonly issuer: string;
  readonly corsOrigins: readonly string[];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ids: IdSource;
  readonly log: Log;
  readonly operators: OperatorPorts;
  readonly operations: EgressOperationPorts & ReplayPorts & TestToolPorts & TrialPorts;
  readonly access: TokenPorts;
  readonly decisions: DecisionPorts;
  readonly tools: HttpPorts;
  readonly mcp: LegacyPorts & AggregatePorts;
  readonly installation: Installation;
  /** Streams of agents' lifecycle events. */
  readonly streams: AgentStreams;
  /** One in this many requests is logged; null when none is. */
  readonly logsOneIn: number | null;
  /** This isolate's counts of refused credentials. */
  readonly refused: RefusedCredentials;
  readonly rateCounters: RateCounters;
  /** The header in which a proxy in front of the embedded server reports the client's address; null for none. */
  readonly clientIpHeader: string | null;
  /** Lets work continue after the answer is sent. */
  background(work: Promise<unknown>): void;
  /** Whether the registry database answers, with the whole schema of this version. */
  readiness(): Promise<Result<null, Unready>>;
}

/** The services of one request, or the fault of an environment that cannot be used. */
export type Composed = Result<Services, Error>;

/** The variables of a request in Hono. `Bindings` stays opaque: only the composition root knows it. */
export interface AppEnv {
  Bindings: object;
  Variables: { composed: Composed; requestId: string; dialect?: DoorDialect; actor: string | undefined };
}
