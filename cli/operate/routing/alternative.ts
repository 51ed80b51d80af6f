import type { Routing, RoutingWeights } from '../../../core/kernel/payments/model.ts';
import { WHOLE_PPM } from '../../../core/processes/routing/strategies.ts';
import { cannotRun } from '../../problem.ts';
import type { Alternative } from './replay.ts';

export interface AlternativeOptions {
  readonly strategy: Routing['strategy'];
  readonly weights?: string;
  readonly shares?: string;
  readonly order?: string;
  readonly explore?: string;
  readonly sampleMin?: number;
}

const SAMPLE_MIN_DEFAULT = 50;
const FRACTION = /^(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)$/;
const PROVIDER = /^[a-z0-9_]{1,32}$/;

/** What the options say, or the end of the command with a line that names the one that is wrong. */
export function alternativeOf(options: AlternativeOptions): Alternative {
  const { strategy, weights, shares, order, explore, sampleMin } = options;
  const isSplit = strategy === 'split';
  const learns = strategy === 'score' || strategy === 'expected_value';
  if (isSplit !== (shares !== undefined))
    throw cannotRun('--strategy split needs --shares, and --shares needs --strategy split.');
  if ((strategy === 'order') !== (order !== undefined))
    throw cannotRun('--strategy order needs --order, and --order needs --strategy order.');
  if (weights !== undefined && strategy !== 'score')
    throw cannotRun('--weights belongs to --strategy score.');
  if (explore !== undefined && !learns)
    throw cannotRun('--explore belongs to --strategy score or expected_value.');
  if (sampleMin !== undefined && explore === undefined) throw cannotRun('--sample-min belongs to --explore.');
  return {
    routing: {
      strategy,
      ...(weights === undefined ? {} : { weights: weightsOf(weights) }),
      ...(shares === undefined ? {} : { shares: sharesOf(shares) }),
      ...(explore === undefined
        ? {}
        : {
            exploration: {
              sharePpm: ppmOf(explore, '--explore'),
              sampleMin: sampleMin ?? SAMPLE_MIN_DEFAULT,
            },
          }),
    },
    order: order === undefined ? [] : order.split(',').map((name) => providerOf(name, '--order')),
  };
}

function weightsOf(text: string): RoutingWeights {
  const parts = partsOf(text, '--weights');
  const names = ['auth_rate', 'cost', 'latency', 'reliability'];
  if (parts.size !== names.length || names.some((name) => !parts.has(name)))
    throw cannotRun(`--weights is "${text}": it must name ${names.join(', ')}, each once.`);
  const [authRatePpm, costPpm, latencyPpm, reliabilityPpm] = names.map((name) => parts.get(name) ?? 0);
  return { authRatePpm, costPpm, latencyPpm, reliabilityPpm };
}

function sharesOf(text: string): { provider: string; ppm: number }[] {
  return [...partsOf(text, '--shares')].map(([name, ppm]) => ({
    provider: providerOf(name, '--shares'),
    ppm,
  }));
}

/** "a=0.7,b=0.3": parts that are 1 together. */
function partsOf(text: string, option: string): Map<string, number> {
  const parts = new Map<string, number>();
  for (const pair of text.split(',')) {
    const [name, fraction = '', more] = pair.split('=');
    if (more !== undefined || parts.has(name))
      throw cannotRun(`${option} is "${text}": "${pair}" is wrong in it.`);
    parts.set(name, ppmOf(fraction, option));
  }
  const sum = [...parts.values()].reduce((a, b) => a + b, 0);
  if (sum !== WHOLE_PPM) throw cannotRun(`${option} is "${text}": the parts must be 1 together.`);
  return parts;
}

function ppmOf(text: string, option: string): number {
  if (FRACTION.test(text)) return Math.round(Number(text) * WHOLE_PPM);
  throw cannotRun(`${option}: "${text}" must be a part from 0 to 1 with at most six decimals, like 0.25.`);
}

function providerOf(name: string, option: string): string {
  if (PROVIDER.test(name)) return name;
  throw cannotRun(`${option}: "${name}" cannot name a provider.`);
}
