import { commandLineTarget } from './command-line.ts';
import { configurationTarget, presetTarget, ruleTarget } from './files.ts';
import type { FuzzTargets } from './target.ts';
import { answerTarget, apiTarget, matcherTarget, serverTarget } from './wire.ts';

/** Everything that takes input from outside. */
export const TARGETS: FuzzTargets = {
  configuration: configurationTarget,
  rules: ruleTarget,
  presets: presetTarget,
  answers: answerTarget,
  server: serverTarget,
  api: apiTarget,
  matchers: matcherTarget,
  arguments: commandLineTarget,
};
