import { parseArgs } from 'node:util';
import { UsageError } from '../options.ts';
import { type K6Scenario, k6Scenarios } from './scenarios.ts';

export interface K6Options {
  readonly scenario: K6Scenario;
  /** Requests that arrive a second; 0: callers that are never idle; a share: of what those reached just before. */
  readonly rate: number | { readonly share: number };
  readonly callers: number;
  readonly seconds: number;
  readonly warmSeconds: number;
  readonly json: boolean;
  /** Where k6's own page of the run goes. */
  readonly report: string | undefined;
}

export function k6Usage(): string {
  return [
    'npm run bench:k6 -- SCENARIO [options]',
    '',
    ...k6Scenarios.map(({ name, about, over }) => `  ${name.padEnd(10)} ${over.padEnd(5)} ${about}`),
    `  ${'smoke'.padEnd(16)} each of them for a moment`,
    '',
    '  --rate N        so many arrive a second; 70%: of what the callers reached just before',
    '  --callers N     callers that are never idle (128)',
    '  --seconds N     how long it is measured',
    '  --warm N        how long before that (8)',
    '  --json          the result as one object in the last line',
    "  --report FILE   k6's page of the run, HTML",
  ].join('\n');
}

/** Reads the arguments; throws UsageError. */
export function readK6Options(args: readonly string[]): K6Options {
  const { positionals, values } = parse(args);
  const scenario = k6Scenarios.find(({ name }) => name === positionals[0]);
  if (scenario === undefined || positionals.length > 1) throw new UsageError(k6Usage());
  return {
    scenario,
    rate: rateOf(values.rate),
    callers: whole('callers', values.callers, 128),
    seconds: whole('seconds', values.seconds, scenario.seconds),
    warmSeconds: whole('warm', values.warm, 8),
    json: values.json ?? false,
    report: values.report,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        rate: { type: 'string' },
        callers: { type: 'string' },
        seconds: { type: 'string' },
        warm: { type: 'string' },
        json: { type: 'boolean' },
        report: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${k6Usage()}`);
  }
}

function rateOf(text: string | undefined): K6Options['rate'] {
  const percent = /^([1-9]\d?)%$/.exec(text ?? '')?.[1];
  return percent === undefined ? whole('rate', text, 0) : { share: Number(percent) / 100 };
}

function whole(name: string, text: string | undefined, standard: number): number {
  if (text === undefined) return standard;
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new UsageError(`--${name} is a whole number from 1.`);
  return Number(text);
}
