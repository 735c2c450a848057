import type { z } from 'zod';
import type { alertRow, matchers, silenceList } from '../../src/server/alert-shapes.ts';

/*
 * The one door between the page and the server's sources, and it lets only types through: what an answer holds is
 * written down once, in `src/server`, and nothing of the server ends up in the browser.
 */

export type {
  AlertPage,
  AlertRow,
  AlertStoryAnswer,
  BacktestAnswer,
  DeliveryPage,
  DeliveryRow,
  RuleDetail,
  RuleList,
  RuleRow,
  SilenceAnswer,
  SilencePreview,
} from '../../src/server/alert-shapes.ts';
export type { Failure } from '../../src/server/api-common.ts';
export type { AccountStatus, SinkStatus, StatusAnswer } from '../../src/server/status-shape.ts';
export type {
  CalendarAnswer,
  CompletenessList,
  EventDetail,
  EventPage,
  EventRow,
  EventTypesAnswer,
  ExplanationAnswer,
  ExplanationNode,
  Explanations,
  VolumeAnswer,
} from '../../src/server/trail-shapes.ts';
export type Level = z.infer<typeof alertRow>['level'];
export type Matchers = z.infer<typeof matchers>;
export type SilenceList = z.infer<typeof silenceList>;
/** What `GET /session` answers. */
export interface Session {
  readonly role: 'view' | 'operate';
  readonly name: string;
  readonly version: string;
}
